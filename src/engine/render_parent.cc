#include <fmt/format.h>

#include <set>

#include "engine/local_mac.h"
#include "engine/parent_link.h"
#include "engine/render.h"
#include "engine/render_parts.h"

namespace fairlead::engine {
namespace {

/// The parent of an isolated network is a pair whose far end lies in a namespace of its own, under this name.
constexpr char kNowhere[] = "nowhere";

bool is_there(const Network& network) {
  return network.parent.health != ParentLink::Health::missing;
}

ports::LinkKind kind_of(const Network& network) {
  const auto& parent = network.parent;
  if (network.driver == Driver::macvlan) return ports::MacvlanLink{parent.name, parent.macvlan};
  return ports::IpvlanLink{parent.name, parent.ipvlan, parent.ipvlan_flag};
}

ports::Sysctl host_ipv6(const std::string& link, bool on) {
  return {{}, fmt::format("net/ipv6/conf/{}/disable_ipv6", link), on ? "0" : "1"};
}

void render_isolation(const Network& network, std::vector<ports::Object>& out) {
  const auto netns = isolation_netns(network);
  out.emplace_back(ports::Netns{netns});
  ports::Link pair{{{}, network.parent.name}, ports::VethLink{.peer = {netns, kNowhere}}, network.mtu};
  pair.alias = cut(fmt::format("{}parent:{}:{}", kAliasPrefix, network.id.short_text(), network.name), kAliasLimit);
  out.emplace_back(std::move(pair));
  // The host is not to be heard there either; routing in layer 3 needs IPv6 on the parent.
  out.emplace_back(host_ipv6(network.parent.name, network.ipv6 && is_layer3(network)));
  out.emplace_back(ports::Sysctl{netns, "net/ipv6/conf/all/disable_ipv6", "1"});
}

/// The host beside the containers. It answers there for its own address only, as the LAN beyond the parent hears its
/// answers too (arp_ignore).
void render_shim(const Network& network, std::vector<ports::Object>& out) {
  const ports::LinkKey key{{}, shim_of(network)};
  ports::Link shim{key, kind_of(network), network.mtu};
  shim.mac = local_mac(network.id.text());
  shim.alias = cut(fmt::format("{}network:{}:{}", kAliasPrefix, network.id.short_text(), network.name), kAliasLimit);
  out.emplace_back(std::move(shim));
  out.emplace_back(host_ipv6(key.name, network.ipv6));
  out.emplace_back(ports::Sysctl{{}, fmt::format("net/ipv4/conf/{}/arp_ignore", key.name), "1"});
  if (network.ipv6) {
    for (const auto* setting : {"accept_ra", "accept_dad"})
      out.emplace_back(ports::Sysctl{{}, fmt::format("net/ipv6/conf/{}/{}", key.name, setting), "0"});
  }
  out.emplace_back(ports::FirewallElement{
      kTable,
      "shims",
      {ports::InterfaceName{key.name}},
      {},
      cut(fmt::format("network {}: the host's way to its containers", network.name), kCommentLimit)});
  for (const auto& subnet : network.subnets) {
    if (const auto* own = host_address(subnet)) out.emplace_back(ports::Address{key, base::Prefix(*own, own->bits())});
  }
}

}  // namespace

std::vector<ports::Object> render_parent(const Network& network) {
  std::vector<ports::Object> out;
  if (network.parent.origin == ParentLink::Origin::isolated) render_isolation(network, out);
  if (network.parent.host_access && is_there(network)) render_shim(network, out);
  return out;
}

void render_vlan_parents(const State& state, std::vector<ports::Object>& out) {
  std::set<std::string> drawn, routed6;
  for (const auto& [id, network] : state.networks()) {
    if (has_parent(*network) && network->ipv6 && is_layer3(*network)) routed6.insert(network->parent.name);
  }
  for (const auto& [id, network] : state.networks()) {
    const auto& parent = network->parent;
    if (!has_parent(*network) || parent.origin != ParentLink::Origin::vlan || !is_there(*network)) continue;
    if (!drawn.insert(parent.name).second) continue;
    ports::Link link{{{}, parent.name}, ports::VlanLink{parent.base, parent.vlan_id}};
    link.alias = fmt::format("{}parent:{}", kAliasPrefix, parent.name);
    out.emplace_back(std::move(link));
    // The host itself does not join the tagged LAN, nor follow its routers.
    out.emplace_back(host_ipv6(parent.name, routed6.contains(parent.name)));
    out.emplace_back(ports::Sysctl{{}, fmt::format("net/ipv6/conf/{}/accept_ra", parent.name), "0"});
  }
}

void render_parent_endpoint(const Network& network, const Container& container, const Attachment& attachment,
                            const std::string& netns, std::vector<ports::Object>& out) {
  if (!is_there(network)) return;
  const Endpoint& endpoint = *attachment.endpoint;
  ports::Link link{{netns, endpoint.interface}, kind_of(network), network.mtu};
  // A passthru link's address is its parent's: to set one is to change the host's.
  const bool dictated = is_passthru(network) && !attachment.request.mac;
  if (!endpoint.mac.is_zero() && !dictated) link.mac = endpoint.mac;
  link.alias =
      cut(fmt::format("{}endpoint:{}:{}", kAliasPrefix, container.id.short_text(), container.name), kAliasLimit);
  out.emplace_back(std::move(link));
  render_inside(network, attachment, netns, out);
  if (!network.parent.host_access) return;
  for (const auto& address : {endpoint.ipv4, endpoint.ipv6}) {
    if (!address) continue;
    ports::Route to_it;
    to_it.destination = base::Prefix(address->address(), address->address().bits());
    to_it.device = shim_of(network);
    out.emplace_back(std::move(to_it));
  }
}

}  // namespace fairlead::engine
