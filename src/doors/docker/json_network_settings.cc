#include "doors/docker/json_network_settings.h"

#include <algorithm>

#include "doors/docker/json_fields.h"
#include "doors/docker/json_ports.h"
#include "engine/gateway.h"
#include "engine/parent_link.h"
#include "engine/render.h"

namespace fairlead::docker {
namespace json = boost::json;

namespace {

/// Empty where the network does not lead out.
std::string gateway_of(const engine::Network* network, base::Family family) {
  if (network == nullptr || !engine::has_way_out(*network, family) || engine::is_layer3(*network)) return {};
  return engine::subnet_of(*network, family)->gateway->text();
}

json::value ipam_config(const ports::EndpointRequest& request) {
  json::object config;
  if (request.ipv4) config["IPv4Address"] = request.ipv4->text();
  if (request.ipv6) config["IPv6Address"] = request.ipv6->text();
  if (!request.link_local.empty()) {
    json::array list;
    for (const base::Ip& ip : request.link_local) list.emplace_back(ip.text());
    config["LinkLocalIPs"] = std::move(list);
  }
  if (config.empty()) return nullptr;
  return config;
}

/// Where the container can be reached on a network: empty texts while it is down.
void add_place(json::object& settings, const engine::Network* network, const engine::Attachment& attachment) {
  const engine::Endpoint* endpoint = attachment.endpoint ? &*attachment.endpoint : nullptr;
  const auto address = [&](const std::optional<base::Prefix>& prefix) {
    return prefix ? prefix->address().text() : std::string();
  };
  const bool v4 = endpoint != nullptr && endpoint->ipv4, v6 = endpoint != nullptr && endpoint->ipv6;
  settings["EndpointID"] = endpoint != nullptr ? endpoint->id.text() : "";
  settings["Gateway"] = v4 ? gateway_of(network, base::Family::v4) : "";
  settings["IPAddress"] = v4 ? address(endpoint->ipv4) : "";
  settings["IPPrefixLen"] = v4 ? endpoint->ipv4->length() : 0;
  settings["IPv6Gateway"] = v6 ? gateway_of(network, base::Family::v6) : "";
  settings["GlobalIPv6Address"] = v6 ? address(endpoint->ipv6) : "";
  settings["GlobalIPv6PrefixLen"] = v6 ? endpoint->ipv6->length() : 0;
}

std::string mac_of(const engine::Attachment& attachment) {
  if (attachment.endpoint) return attachment.endpoint->mac.is_zero() ? "" : attachment.endpoint->mac.text();
  return attachment.request.mac ? attachment.request.mac->text() : "";
}

/// The names that resolve to the container; none on the predefined networks.
json::value dns_names(const engine::Network* network, const engine::Container& container,
                      const engine::Attachment& attachment) {
  if (network == nullptr || network->predefined) return nullptr;
  std::vector<std::string> names{container.name};
  const auto add = [&](const std::string& name) {
    if (!name.empty() && std::ranges::find(names, name) == names.end()) names.push_back(name);
  };
  for (const std::string& alias : attachment.request.aliases) add(alias);
  add(container.id.short_text());
  add(container.spec.hostname);
  return list_of(names);
}

}  // namespace

json::object endpoint_settings(const engine::State& state, const engine::Container& container,
                               const engine::Attachment& attachment, int api_minor) {
  const auto network = state.network(attachment.network);
  const ports::EndpointRequest& request = attachment.request;
  std::vector<std::string> aliases = request.aliases;
  // Up to 1.44 the short id stood among the aliases on networks that resolve names.
  if (api_minor < 45 && network && !network->predefined) aliases.push_back(container.id.short_text());
  json::object settings;
  settings["IPAMConfig"] = ipam_config(request);
  settings["Links"] = list_or_null(request.links);
  settings["Aliases"] = list_or_null(aliases);
  settings["MacAddress"] = mac_of(attachment);
  settings["DriverOpts"] =
      request.driver_opts.empty() ? json::value(nullptr) : json::value(object_of(request.driver_opts));
  if (api_minor >= 48) settings["GwPriority"] = request.gw_priority;
  settings["NetworkID"] = attachment.network.text();
  add_place(settings, network.get(), attachment);
  if (api_minor >= 44) settings["DNSNames"] = dns_names(network.get(), container, attachment);
  return settings;
}

json::object networks_of(const engine::State& state, const engine::Container& container, int api_minor) {
  json::object networks;
  for (const engine::Attachment& attachment : container.attachments) {
    const auto network = state.network(attachment.network);
    networks[network ? network->name : attachment.network_name] =
        endpoint_settings(state, container, attachment, api_minor);
  }
  return networks;
}

json::object network_settings(const engine::State& state, const engine::Container& container, int api_minor) {
  const auto sandbox = container.sandbox && !container.joined ? state.sandbox(*container.sandbox) : nullptr;
  json::object networks = networks_of(state, container, api_minor);
  json::object settings;
  settings["Bridge"] = "";
  settings["SandboxID"] = sandbox ? sandbox->id.text() : "";
  settings["SandboxKey"] = sandbox ? engine::netns_path(*sandbox) : "";
  settings["Ports"] = ports_map(container);
  settings["HairpinMode"] = false;
  settings["LinkLocalIPv6Address"] = "";
  settings["LinkLocalIPv6PrefixLen"] = 0;
  settings["SecondaryIPAddresses"] = nullptr;
  settings["SecondaryIPv6Addresses"] = nullptr;
  const json::value* bridge = networks.if_contains("bridge");
  for (const char* text : {"EndpointID", "Gateway", "GlobalIPv6Address"})
    settings[text] = bridge ? bridge->at(text) : json::value("");
  settings["GlobalIPv6PrefixLen"] = bridge ? bridge->at("GlobalIPv6PrefixLen") : json::value(0);
  settings["IPAddress"] = bridge ? bridge->at("IPAddress") : json::value("");
  settings["IPPrefixLen"] = bridge ? bridge->at("IPPrefixLen") : json::value(0);
  settings["IPv6Gateway"] = bridge ? bridge->at("IPv6Gateway") : json::value("");
  settings["MacAddress"] = bridge ? bridge->at("MacAddress") : json::value("");
  settings["Networks"] = std::move(networks);
  return settings;
}

}  // namespace fairlead::docker
