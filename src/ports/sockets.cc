#include "ports/sockets.h"

#include <fmt/format.h>

namespace fairlead::ports {

std::string protocol_name(L4Protocol protocol) {
  switch (protocol.number) {
    case 6:
      return "tcp";
    case 17:
      return "udp";
    case 132:
      return "sctp";
  }
  return fmt::to_string(protocol.number);
}

std::uint32_t slot(const HostPort& port) {
  return std::uint32_t{port.protocol.number} << 16 | port.number;
}

bool meet(const HostPort& one, const HostPort& other) {
  if (one.protocol != other.protocol || one.number != other.number) return false;
  if (!one.address || !other.address) return true;
  if (one.address->family() != other.address->family()) return false;
  return one.address->is_unspecified() || other.address->is_unspecified() || one.address == other.address;
}

std::string describe(const HostPort& port) {
  const auto address = port.address.value_or(base::Ip::v4(0));
  const auto text = address.is_v4() ? address.text() : "[" + address.text() + "]";
  return fmt::format("{}:{}/{}", text, port.number, protocol_name(port.protocol));
}

}  // namespace fairlead::ports
