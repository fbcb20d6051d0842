#pragma once
#include <netinet/in.h>
#include <sys/socket.h>

#include <cstdint>
#include <cstring>

#include "base/ip.h"

namespace fairlead::linuxnet {

/// An address and a port as the socket calls take them.
struct SocketAddress {
  sockaddr_in6 storage{};  // the larger of the two
  socklen_t size = sizeof storage;

  SocketAddress() = default;
  SocketAddress(const base::Ip& ip, std::uint16_t port) {
    if (ip.is_v4()) {
      sockaddr_in v4{};
      v4.sin_family = AF_INET;
      v4.sin_port = htons(port);
      std::memcpy(&v4.sin_addr, ip.bytes().data(), sizeof v4.sin_addr);
      std::memcpy(&storage, &v4, sizeof v4);
      size = sizeof v4;
    } else {
      storage.sin6_family = AF_INET6;
      storage.sin6_port = htons(port);
      std::memcpy(&storage.sin6_addr, ip.bytes().data(), sizeof storage.sin6_addr);
    }
  }

  int family() const { return storage.sin6_family; }
  std::uint16_t port() const { return ntohs(storage.sin6_port); }  // both families have it at the same place
  /// An IPv4 peer of a socket for both families reads as `::ffff:a.b.c.d`.
  base::Ip ip() const {
    const auto* bytes = reinterpret_cast<const std::uint8_t*>(&storage);
    if (family() == AF_INET) return *base::Ip::from_bytes({bytes + offsetof(sockaddr_in, sin_addr), 4});
    return *base::Ip::from_bytes({bytes + offsetof(sockaddr_in6, sin6_addr), 16});
  }
  sockaddr* get() { return reinterpret_cast<sockaddr*>(&storage); }
  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
};

}  // namespace fairlead::linuxnet
