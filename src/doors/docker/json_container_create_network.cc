#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "doors/docker/json_container_create_parts.h"
#include "doors/docker/json_endpoint.h"
#include "wire/docker_port_spec.h"

namespace fairlead::docker {

namespace {

/// A port of the API, unlike the client's, is one port: no range.
base::Result<wire::DockerPorts> one_port(const std::string& text) {
  auto port = wire::parse_docker_ports(text);
  if (port && port->first != port->last) {
    return base::fail(base::ErrorKind::invalid, fmt::format("invalid port specification: \"{}\"", text));
  }
  return port;
}

void read_exposed(const Fields& config, ports::ContainerSpec& spec) {
  std::set<std::string> seen;
  for (const std::string& text : config.names("ExposedPorts")) {
    const auto port = one_port(text);
    if (!port) return config.complaints().add(port.error());
    std::string name = wire::docker_port_text(port->first, port->protocol);
    if (seen.insert(name).second) spec.exposed_ports.push_back(std::move(name));
  }
}

void read_binding(const Fields& entry, const wire::DockerPorts& inside, std::vector<ports::PortBinding>& out) {
  ports::PortBinding binding;
  binding.container_port = inside.first;
  binding.protocol = inside.protocol;
  binding.host_ip = entry.text("HostIp");
  const auto outside = wire::parse_docker_host_ports(entry.text("HostPort"));
  if (!outside) return entry.complaints().add(outside.error());
  binding.host_port = outside->first;
  if (outside->last != outside->first) binding.host_port_end = outside->last;
  if (!binding.host_ip.empty() && !base::Ip::parse(binding.host_ip)) {
    return refuse(entry, "invalid IP address: " + binding.host_ip);
  }
  out.push_back(std::move(binding));
}

void read_bindings(const Fields& parent, std::string_view field, std::vector<ports::PortBinding>& out) {
  const Fields bindings = parent.object(field);
  for (const std::string& name : parent.names(field)) {
    const auto inside = one_port(name);
    if (!inside) return parent.complaints().add(inside.error());
    for (const Fields& entry : bindings.objects(name)) read_binding(entry, *inside, out);
  }
}

/// The container-wide address of older clients goes to the network of the container's mode, with which it must agree.
void read_mac(const Fields& config, int api_minor, ports::ContainerSpec& spec) {
  const std::string text = config.text("MacAddress");
  if (text.empty()) return;
  spec.mac = base::Mac::parse(text);
  if (!spec.mac) return refuse(config, "invalid MAC address: " + text);
  for (ports::EndpointRequest& endpoint : spec.endpoints) {
    if (endpoint.network != spec.network_mode) continue;
    if (endpoint.mac && endpoint.mac != spec.mac && api_minor >= 44) {
      refuse(config,
             "the container-wide MAC address must match the endpoint-specific MAC address for the main network, or be "
             "left empty");
    }
    endpoint.mac = spec.mac;
  }
}

}  // namespace

void read_ports(const Fields& config, const Fields& host, ports::ContainerSpec& spec) {
  read_exposed(config, spec);
  read_bindings(host, "PortBindings", spec.port_bindings);
  spec.publish_all = host.flag("PublishAllPorts");
}

base::Result<PortChange> parse_port_change(std::string_view body) {
  const auto value = parse_body(body);
  if (!value) return std::unexpected(value.error());
  Complaints complaints;
  const Fields fields(&*value, "request", complaints);
  PortChange change;
  read_bindings(fields, "Publish", change.publish);
  read_bindings(fields, "Unpublish", change.unpublish);
  if (complaints.first()) return std::unexpected(*complaints.first());
  return change;
}

void read_networks(const Fields& config, const Fields& host, int api_minor, ports::ContainerSpec& spec) {
  const std::string mode = host.text("NetworkMode");
  if (!mode.empty() && mode != "default") spec.network_mode = mode;
  if (config.flag("NetworkDisabled")) spec.network_mode = "none";
  for (const auto& [name, settings] : config.object("NetworkingConfig").members("EndpointsConfig")) {
    // Clients name the mode itself as a network, `default` for the bridge included.
    const std::string network = name == "default" ? "bridge" : name;
    auto endpoint = read_endpoint(network, settings);
    if (network.starts_with("container:") && network == spec.network_mode) continue;
    spec.endpoints.push_back(std::move(endpoint));
  }
  const auto main = std::ranges::find(spec.endpoints, spec.network_mode, &ports::EndpointRequest::network);
  if (main != spec.endpoints.end()) std::rotate(spec.endpoints.begin(), main, main + 1);
  if (api_minor < 44 && spec.endpoints.size() > 1) {
    std::vector<std::string> names;
    for (const auto& endpoint : spec.endpoints) names.push_back(endpoint.network);
    refuse(config, fmt::format("Container cannot be connected to network endpoints: {}", fmt::join(names, ", ")));
  }
  read_mac(config, api_minor, spec);
}

}  // namespace fairlead::docker
