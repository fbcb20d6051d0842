#pragma once
#include <sys/types.h>

#include <compare>
#include <cstdint>
#include <span>

#include "base/ip.h"

namespace fairlead::linuxnet {

/// Who sent a datagram, and to which of our addresses.
struct Correspondent {
  base::Ip address;
  std::uint16_t port = 0;
  base::Ip local;
  std::uint32_t interface = 0;  ///< index; of link-local IPv6 only
  auto operator<=>(const Correspondent&) const = default;
};

/// Reads one datagram from a socket with IP_PKTINFO or IPV6_RECVPKTINFO; -1 with errno set when there is none.
ssize_t receive_datagram(int socket, std::span<std::uint8_t> into, Correspondent& from);
/// Sends from the address to which the correspondent had sent. A datagram that cannot leave is lost, as on a network.
void answer_datagram(int socket, std::span<const std::uint8_t> bytes, const Correspondent& to);

}  // namespace fairlead::linuxnet
