#pragma once
/// Host ports as sockets: what holds a published port against every other program of the host, and serves the few
/// clients that the kernel's address translation cannot (those at ::1, by the kernel itself where it allows that, and
/// IPv6 ones of a container that has only IPv4).
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/ip.h"
#include "ports/objects.h"

namespace fairlead::ports {

/// A place on the host where a port is published. `0.0.0.0` and `::` stand for every address of their family; no
/// address for both families at once.
struct HostPort {
  std::optional<base::Ip> address;
  L4Protocol protocol;
  std::uint16_t number = 0;
  auto operator<=>(const HostPort&) const = default;
};

/// `tcp`, `udp`, `sctp`; the number of another.
std::string protocol_name(L4Protocol protocol);
/// `0.0.0.0:8080/tcp`, `[::1]:53/udp`; both families are written `0.0.0.0`, as Docker does.
std::string describe(const HostPort& port);
/// The same for ports that could `meet`: their protocol and number.
std::uint32_t slot(const HostPort& port);
/// Whether one socket cannot hold both beside each other: same protocol and number, and addresses that overlap.
bool meet(const HostPort& one, const HostPort& other);

/// Where those who reach a held socket are led: a container's address and port.
struct PortTarget {
  base::Ip address;
  std::uint16_t port = 0;
  auto operator<=>(const PortTarget&) const = default;
};

/// A held port and where it leads.
struct PortLead {
  HostPort port;
  PortTarget target;
};

/// Thread-safe; every call blocks for well under a millisecond per port.
class Sockets {
 public:
  virtual ~Sockets() = default;
  /// Binds all of them or none. One that is held already stays as it is; those of `giving` that stand in the way of
  /// another are released, and stay released when it fails. `conflict` in Docker's words when another program has one:
  /// `failed to bind host port 0.0.0.0:8080/tcp: address already in use`; `context` is then `describe` of it.
  virtual base::Result<void> hold(const std::vector<HostPort>& ports, const std::vector<HostPort>& giving = {}) = 0;
  /// From now on clients that reach the held sockets are led to their targets. Connections that are led already stay.
  /// What leads somewhere stays held when this process ends, and the next one's `hold` takes it over.
  virtual void lead(const std::vector<PortLead>& leads) = 0;
  /// Lets go what an earlier process held and nobody has asked for since.
  virtual void forget_earlier() = 0;
  /// Closes the sockets and ends what was led through them; connections that the kernel leads stay. One that is not
  /// held is passed over.
  virtual void release(const std::vector<HostPort>& ports) = 0;
  /// What is held now.
  virtual std::vector<HostPort> held() const = 0;
};

}  // namespace fairlead::ports
