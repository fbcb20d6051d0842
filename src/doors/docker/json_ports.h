#pragma once
#include <boost/json.hpp>
#include <string>
#include <vector>

#include "engine/records.h"

namespace fairlead::docker {

/// One port of a container as the world sees it; `host_port` 0: exposed inside only.
struct PortShown {
  std::uint16_t container_port = 0;
  std::string protocol, host_ip;
  std::uint16_t host_port = 0;
};

/// Ports of a container that is up on a network of its own: one entry per address family where it is published on every
/// address, and the exposed ones that are not published. Empty for one that is down, joined, or on the host's network.
std::vector<PortShown> shown_ports(const engine::Container& container);
/// `Ports` of the list: `[{IP, PrivatePort, PublicPort, Type}]`.
boost::json::array ports_list(const engine::Container& container);
/// `NetworkSettings.Ports`: `{"80/tcp": [{HostIp, HostPort}] or null}`.
boost::json::object ports_map(const engine::Container& container);
/// `HostConfig.PortBindings`: as asked.
boost::json::object bindings_map(const std::vector<ports::PortBinding>& bindings);

}  // namespace fairlead::docker
