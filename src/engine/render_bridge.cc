#include <fmt/format.h>

#include <algorithm>

#include "engine/endpoint_options.h"
#include "engine/local_mac.h"
#include "engine/render.h"
#include "engine/render_parts.h"

namespace fairlead::engine {
namespace {

ports::FirewallElement element(const Network& network, const char* set, std::vector<ports::Field> key,
                               const char* intent) {
  return {kTable, set, std::move(key), {}, cut(fmt::format("network {}: {}", network.name, intent), kCommentLimit)};
}

void render_family(const Network& network, const Subnet& subnet, std::vector<ports::Object>& out) {
  const auto family = subnet.prefix.family();
  const bool v4 = family == base::Family::v4;
  const ports::InterfaceName bridge{network.bridge};
  const auto mode = gateway_mode(network, family);
  out.emplace_back(element(network, v4 ? "home4" : "home6", {subnet.prefix}, "its own subnet"));
  if (mode == GatewayMode::nat_unprotected)
    out.emplace_back(element(network, v4 ? "open4" : "open6", {bridge}, "unprotected"));
  if (mode == GatewayMode::routed) out.emplace_back(element(network, v4 ? "routed4" : "routed6", {bridge}, "routed"));
  if (!network.masquerade || mode == GatewayMode::routed || mode == GatewayMode::isolated) return;
  const auto& source = v4 ? network.source_ipv4 : network.source_ipv6;
  if (!source) {
    out.emplace_back(element(network, v4 ? "masq" : "masq6", {subnet.prefix}, "leaves under the host's address"));
    return;
  }
  auto leaves = element(network, v4 ? "source4" : "source6", {subnet.prefix}, "leaves under an address of choice");
  leaves.value = {*source};
  out.emplace_back(std::move(leaves));
}

void render_firewall(const Network& network, std::vector<ports::Object>& out) {
  const ports::InterfaceName bridge{network.bridge};
  out.emplace_back(element(network, "bridges", {bridge}, "isolated from others"));
  if (network.icc) out.emplace_back(element(network, "icc", {bridge, bridge}, "its containers reach each other"));
  out.emplace_back(element(network, "home", {bridge, bridge}, "itself"));
  if (network.internal) {
    out.emplace_back(element(network, "internal", {bridge}, "stays inside"));
    return;
  }
  out.emplace_back(element(network, "egress", {bridge}, "reaches out"));
  for (const auto& subnet : network.subnets) render_family(network, subnet, out);
}

/// A bridge without an address of its own takes its lowest port's, and then changes it under its containers' feet.
base::Mac bridge_mac(const Network& network) {
  const auto* subnet = subnet_of(network, base::Family::v4);
  return subnet && subnet->gateway ? base::Mac::from_ipv4(*subnet->gateway) : local_mac(network.id.text());
}

/// Whether the host itself has the gateway's address.
bool has_address(const Network& network, const Subnet& subnet) {
  const auto family = subnet.prefix.family();
  if (!subnet.gateway || gateway_mode(network, family) == GatewayMode::isolated) return false;
  return family == base::Family::v6 || !network.inhibit_ipv4;
}

void add_sysctl(std::vector<ports::Object>& out, const std::string& netns, const std::string& interface,
                const char* key, const char* value) {
  out.emplace_back(ports::Sysctl{netns, fmt::format("net/ipv6/conf/{}/{}", interface, key), value});
}

void add_sysctl4(std::vector<ports::Object>& out, const std::string& interface, const char* key, const char* value) {
  out.emplace_back(ports::Sysctl{{}, fmt::format("net/ipv4/conf/{}/{}", interface, key), value});
}

/// Whether its containers' ports can be published at this host's loopback address by translation.
bool leads_home(const State& state, const Network& network) {
  return state.settings().iptables && !network.internal && network.mode_ipv4 != GatewayMode::routed &&
         subnet_of(network, base::Family::v4) != nullptr;
}

/// 169.254.0.0/16 or a /64 of fe80::/10, as Docker has it.
base::Prefix link_local(const base::Ip& address) {
  return {address, address.is_v4() ? 16 : 64};
}

}  // namespace

std::vector<ports::Object> render_bridge(const State& state, const Network& network) {
  std::vector<ports::Object> out;
  const ports::LinkKey key{{}, network.bridge};
  if (!network.foreign_bridge) {
    ports::Link link{key, ports::BridgeLink{}, network.mtu};
    link.alias = cut(fmt::format("{}network:{}:{}", kAliasPrefix, network.id.short_text(), network.name), kAliasLimit);
    link.mac = bridge_mac(network);
    out.emplace_back(std::move(link));
    add_sysctl(out, {}, network.bridge, "disable_ipv6", network.ipv6 ? "0" : "1");
    if (network.ipv6) {
      add_sysctl(out, {}, network.bridge, "accept_ra", "0");
      // Without a settled link-local address of its own the host finds no neighbour (ndisc_send_ns).
      add_sysctl(out, {}, network.bridge, "accept_dad", "0");
    }
    for (const auto& subnet : network.subnets) {
      if (has_address(network, subnet))
        out.emplace_back(ports::Address{key, base::Prefix(*subnet.gateway, subnet.prefix.length())});
    }
  }
  // What this host sends to a port published at 127.0.0.1 comes back there; chain `guard` keeps all others out, so
  // that it must not stay on without our firewall. Somebody else's bridge is given what it needs, and nothing more.
  const bool leads = leads_home(state, network);
  if (leads || !network.foreign_bridge) add_sysctl4(out, network.bridge, "route_localnet", leads ? "1" : "0");
  if (state.settings().iptables) render_firewall(network, out);
  return out;
}

void render_bridge_endpoint(const Network& network, const Container& container, const Attachment& attachment,
                            const std::string& netns, std::vector<ports::Object>& out) {
  const Endpoint& endpoint = *attachment.endpoint;
  const ports::LinkKey inside{netns, endpoint.interface};
  // Where bridged packets are filtered (br_netfilter), a container that visits its own published port is sent back by
  // the bridge itself.
  ports::Link link{
      {{}, endpoint.host_link},
      ports::VethLink{
          .peer = inside, .peer_mac = endpoint.mac, .hairpin = !container.published.empty(), .isolated = !network.icc}};
  link.mtu = network.mtu;
  link.master = network.bridge;
  link.alias =
      cut(fmt::format("{}endpoint:{}:{}", kAliasPrefix, container.id.short_text(), container.name), kAliasLimit);
  out.emplace_back(std::move(link));
  render_inside(network, attachment, netns, out);
}

void render_inside(const Network& network, const Attachment& attachment, const std::string& netns,
                   std::vector<ports::Object>& out) {
  const Endpoint& endpoint = *attachment.endpoint;
  const ports::LinkKey inside{netns, endpoint.interface};
  auto asked = asked_sysctls(attachment.request, netns, endpoint.interface);
  ports::Sysctl own{netns, fmt::format("net/ipv6/conf/{}/disable_ipv6", endpoint.interface), network.ipv6 ? "0" : "1"};
  if (std::ranges::find(asked, own.key, &ports::Sysctl::key) == asked.end()) out.emplace_back(std::move(own));
  for (auto& sysctl : asked) out.emplace_back(std::move(sysctl));
  for (const auto& address : {endpoint.ipv4, endpoint.ipv6}) {
    if (address) out.emplace_back(ports::Address{inside, *address});
  }
  for (const auto& address : attachment.request.link_local) {
    if (address.is_v4() ? network.ipv4 : network.ipv6) out.emplace_back(ports::Address{inside, link_local(address)});
  }
}

}  // namespace fairlead::engine
