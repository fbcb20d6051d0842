#include "doors/docker/json_network.h"

#include <fmt/format.h>

#include "doors/docker/json_endpoint.h"
#include "doors/docker/json_fields.h"
#include "doors/docker/json_status.h"
#include "engine/event_of.h"
#include "engine/parent_link.h"

namespace fairlead::docker {
namespace json = boost::json;

namespace {

json::object subnet_json(const engine::Subnet& subnet) {
  json::object config;
  config["Subnet"] = subnet.prefix.text();
  if (subnet.range) config["IPRange"] = subnet.range->text();
  if (subnet.gateway) config["Gateway"] = subnet.gateway->text();
  if (!subnet.auxiliary.empty()) {
    json::object auxiliary;
    for (const auto& [name, ip] : subnet.auxiliary) auxiliary[name] = ip.text();
    config["AuxiliaryAddresses"] = std::move(auxiliary);
  }
  return config;
}

json::object ipam_json(const engine::Network& network) {
  json::array pools;
  for (const engine::Subnet& subnet : network.subnets) pools.push_back(subnet_json(subnet));
  json::object ipam;
  ipam["Driver"] = "default";
  ipam["Options"] = network.predefined ? json::value(nullptr) : json::value(object_of(network.ipam_options));
  ipam["Config"] = pools.empty() ? json::value(nullptr) : json::value(std::move(pools));
  return ipam;
}

json::object containers_json(const engine::State& state, const engine::Network& network) {
  json::object containers;
  for (const auto& container : state.members(network.id)) {
    for (const engine::Attachment& attachment : container->attachments) {
      if (attachment.network != network.id || !attachment.endpoint) continue;
      const engine::Endpoint& endpoint = *attachment.endpoint;
      json::object entry;
      entry["Name"] = container->name;
      entry["EndpointID"] = endpoint.id.text();
      entry["MacAddress"] = endpoint.mac.is_zero() ? "" : endpoint.mac.text();
      entry["IPv4Address"] = endpoint.ipv4 ? endpoint.ipv4->text() : "";
      entry["IPv6Address"] = endpoint.ipv6 ? endpoint.ipv6->text() : "";
      containers[container->id.text()] = std::move(entry);
    }
  }
  return containers;
}

engine::CreateNetwork::Pool read_pool(const Fields& config) {
  engine::CreateNetwork::Pool pool;
  pool.subnet = config.text("Subnet");
  pool.ip_range = config.text("IPRange");
  pool.gateway = config.text("Gateway");
  pool.auxiliary = config.text_map("AuxiliaryAddresses");
  if (pool.auxiliary.empty()) pool.auxiliary = config.text_map("AuxAddress");
  return pool;
}

}  // namespace

json::object network_json(const engine::State& state, const engine::Network& network, bool with_containers,
                          int api_minor) {
  json::object shown;
  shown["Name"] = network.name;
  shown["Id"] = network.id.text();
  shown["Created"] = time_text(network.created);
  shown["Scope"] = "local";
  shown["Driver"] = engine::driver_name(network.driver);
  if (api_minor >= 48) shown["EnableIPv4"] = network.ipv4;
  shown["EnableIPv6"] = network.ipv6;
  shown["IPAM"] = ipam_json(network);
  shown["Internal"] = network.internal;
  shown["Attachable"] = network.attachable;
  shown["Ingress"] = false;
  shown["ConfigFrom"] = {{"Network", network.config_from}};
  shown["ConfigOnly"] = network.config_only;
  shown["Containers"] = with_containers ? containers_json(state, network) : json::object();
  shown["Options"] = object_of(network.options);
  shown["Labels"] = object_of(network.labels);
  if (auto complaint = engine::complaint_of(network.parent); !complaint.empty())
    shown["Status"] = {{"parent", std::move(complaint)}};
  return shown;
}

base::Result<engine::CreateNetwork> parse_network_create(std::string_view body) {
  const auto parsed = parse_body(body);
  if (!parsed) return std::unexpected(parsed.error());
  Complaints complaints;
  const Fields fields(&*parsed, "", complaints);
  engine::CreateNetwork request;
  request.name = fields.text("Name");
  if (std::string driver = fields.text("Driver"); !driver.empty()) request.driver = std::move(driver);
  request.scope = fields.text("Scope");
  request.internal = fields.flag("Internal");
  request.attachable = fields.flag("Attachable");
  request.ingress = fields.flag("Ingress");
  request.config_only = fields.flag("ConfigOnly");
  request.config_from = fields.object("ConfigFrom").text("Network");
  request.ipv4 = fields.flag("EnableIPv4", true);
  request.ipv6 = fields.flag("EnableIPv6");
  request.options = fields.text_map("Options");
  request.labels = fields.text_map("Labels");
  const Fields ipam = fields.object("IPAM");
  if (std::string driver = ipam.text("Driver"); !driver.empty()) request.ipam_driver = std::move(driver);
  request.ipam_options = ipam.text_map("Options");
  for (const Fields& config : ipam.objects("Config")) request.pools.push_back(read_pool(config));
  if (complaints.first()) return std::unexpected(*complaints.first());
  return request;
}

base::Result<ConnectRequest> parse_network_connect(std::string_view body, const std::string& network) {
  const auto parsed = parse_body(body);
  if (!parsed) return std::unexpected(parsed.error());
  Complaints complaints;
  const Fields fields(&*parsed, "", complaints);
  ConnectRequest request{fields.text("Container"), read_endpoint(network, fields.object("EndpointConfig"))};
  if (complaints.first()) return std::unexpected(*complaints.first());
  return request;
}

base::Result<DisconnectRequest> parse_network_disconnect(std::string_view body) {
  const auto parsed = parse_body(body);
  if (!parsed) return std::unexpected(parsed.error());
  Complaints complaints;
  const Fields fields(&*parsed, "", complaints);
  DisconnectRequest request{fields.text("Container"), fields.flag("Force")};
  if (complaints.first()) return std::unexpected(*complaints.first());
  return request;
}

}  // namespace fairlead::docker
