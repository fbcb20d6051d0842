#include <fmt/format.h>

#include "engine/render.h"
#include "engine/render_parts.h"

namespace fairlead::engine {
namespace {

/// Limits of an interface alias (IFLA_IFALIAS, IFALIASZ) and of a comment in nftables, in bytes.
constexpr std::size_t kAliasLimit = 255, kCommentLimit = 128;

ports::FirewallElement element(const Network& network, const char* set, std::vector<ports::Field> key,
                               const char* intent) {
  return {kTable, set, std::move(key), {}, cut(fmt::format("network {}: {}", network.name, intent), kCommentLimit)};
}

void render_firewall(const Network& network, std::vector<ports::Object>& out) {
  const ports::InterfaceName bridge{network.bridge};
  out.emplace_back(element(network, "bridges", {bridge}, "isolated from others"));
  if (network.icc) out.emplace_back(element(network, "icc", {bridge, bridge}, "its containers reach each other"));
  if (network.internal) return;
  out.emplace_back(element(network, "egress", {bridge}, "reaches out"));
  if (!network.masquerade) return;
  for (const auto& subnet : network.subnets) {
    if (subnet.prefix.family() == base::Family::v4) {
      out.emplace_back(element(network, "masq", {subnet.prefix}, "leaves under the host's address"));
    }
  }
}

}  // namespace

std::vector<ports::Object> render_bridge(const State& state, const Network& network) {
  std::vector<ports::Object> out;
  const ports::LinkKey key{{}, network.bridge};
  if (!network.foreign_bridge) {
    ports::Link link{key, ports::BridgeLink{}, network.mtu};
    link.alias = cut(fmt::format("{}network:{}:{}", kAliasPrefix, network.id.short_text(), network.name), kAliasLimit);
    // A bridge without an address of its own takes its lowest port's, and then changes it under its containers' feet.
    if (!network.subnets.empty() && network.subnets[0].gateway)
      link.mac = base::Mac::from_ipv4(*network.subnets[0].gateway);
    out.emplace_back(std::move(link));
    if (!network.ipv6)
      out.emplace_back(ports::Sysctl{{}, fmt::format("net/ipv6/conf/{}/disable_ipv6", network.bridge), "1"});
    for (const auto& subnet : network.subnets) {
      if (subnet.gateway) out.emplace_back(ports::Address{key, base::Prefix(*subnet.gateway, subnet.prefix.length())});
    }
  }
  if (state.settings().iptables) render_firewall(network, out);
  return out;
}

void render_bridge_endpoint(const Network& network, const Container& container, const Endpoint& endpoint,
                            const std::string& netns, std::vector<ports::Object>& out) {
  const ports::LinkKey inside{netns, endpoint.interface};
  ports::Link link{{{}, endpoint.host_link},
                   ports::VethLink{.peer = inside, .peer_mac = endpoint.mac, .isolated = !network.icc}};
  link.mtu = network.mtu;
  link.master = network.bridge;
  link.alias =
      cut(fmt::format("{}endpoint:{}:{}", kAliasPrefix, container.id.short_text(), container.name), kAliasLimit);
  out.emplace_back(std::move(link));
  if (!network.ipv6) {
    out.emplace_back(ports::Sysctl{netns, fmt::format("net/ipv6/conf/{}/disable_ipv6", endpoint.interface), "1"});
  }
  if (endpoint.ipv4) out.emplace_back(ports::Address{inside, *endpoint.ipv4});
}

}  // namespace fairlead::engine
