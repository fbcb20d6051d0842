#include "doors/docker/json_ports.h"

#include <fmt/format.h>

#include <set>

#include "wire/docker_port_spec.h"

namespace fairlead::docker {
namespace json = boost::json;

namespace {

/// Exposed ports are those of a network of its own.
bool shows_ports(const engine::Container& container) {
  const std::string& mode = container.spec.network_mode;
  return container.phase == engine::Phase::running && !container.joined && mode != "host" && mode != "none";
}

json::array& list_at(json::object& map, const std::string& key) {
  json::value& value = map[key];
  if (!value.is_array()) value = json::array();
  return value.get_array();
}

}  // namespace

std::vector<PortShown> shown_ports(const engine::Container& container) {
  std::vector<PortShown> shown;
  if (!shows_ports(container)) return shown;
  std::set<std::string> published;
  for (const engine::Published& port : container.published) {
    const std::string protocol = ports::protocol_name(port.host.protocol);
    published.insert(wire::docker_port_text(port.container_port, protocol));
    const auto show = [&](const std::string& address) {
      shown.push_back({port.container_port, protocol, address, port.host.number});
    };
    if (port.host.address) {
      show(port.host.address->text());
      continue;
    }
    show("0.0.0.0");
    if (port.host.number != 0) show("::");
  }
  for (const std::string& text : container.spec.exposed_ports) {
    const auto port = wire::parse_docker_ports(text);
    if (port && !published.contains(text)) shown.push_back({port->first, port->protocol, "", 0});
  }
  return shown;
}

json::array ports_list(const engine::Container& container) {
  json::array list;
  for (const PortShown& port : shown_ports(container)) {
    json::object entry;
    if (port.host_port != 0) entry["IP"] = port.host_ip;
    entry["PrivatePort"] = port.container_port;
    if (port.host_port != 0) entry["PublicPort"] = port.host_port;
    entry["Type"] = port.protocol;
    list.push_back(std::move(entry));
  }
  return list;
}

json::object ports_map(const engine::Container& container) {
  json::object map;
  for (const PortShown& port : shown_ports(container)) {
    const std::string key = wire::docker_port_text(port.container_port, port.protocol);
    if (port.host_port == 0) {
      map.emplace(key, nullptr);
    } else {
      list_at(map, key).push_back({{"HostIp", port.host_ip}, {"HostPort", fmt::to_string(port.host_port)}});
    }
  }
  return map;
}

json::object bindings_map(const std::vector<ports::PortBinding>& bindings) {
  json::object map;
  for (const ports::PortBinding& binding : bindings) {
    std::string host_port = binding.host_port == 0 ? "" : fmt::to_string(binding.host_port);
    if (binding.host_port_end != 0) host_port += fmt::format("-{}", binding.host_port_end);
    list_at(map, wire::docker_port_text(binding.container_port, binding.protocol))
        .push_back({{"HostIp", binding.host_ip}, {"HostPort", host_port}});
  }
  return map;
}

}  // namespace fairlead::docker
