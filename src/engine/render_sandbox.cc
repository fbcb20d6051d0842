#include "engine/gateway.h"
#include "engine/parent_link.h"
#include "engine/render_parts.h"

namespace fairlead::engine {
namespace {

void render_default_route(const State& state, const Container& owner, base::Family family, const std::string& netns,
                          std::vector<ports::Object>& out) {
  const auto* way = gateway_attachment(state, owner, family);
  if (!way) return;
  ports::Route route;
  route.netns = netns;
  route.destination = base::Prefix(family == base::Family::v4 ? base::Ip::v4(0) : base::Ip::v6({}), 0);
  const auto network = state.network(way->network);
  if (!is_layer3(*network)) route.via = subnet_of(*network, family)->gateway;
  route.device = way->endpoint->interface;
  out.emplace_back(std::move(route));
}

/// What every interface made later starts from. Addresses come from us: no router's advertisement adds to them, none
/// waits to be found unique (RFC 4862, 5.4), and neighbours are told of each when it is new there.
void render_defaults(const std::string& netns, std::vector<ports::Object>& out) {
  for (const auto* key : {"net/ipv6/conf/default/accept_ra", "net/ipv6/conf/default/accept_dad"})
    out.emplace_back(ports::Sysctl{netns, key, "0"});
  for (const auto* key : {"net/ipv4/conf/default/arp_notify", "net/ipv6/conf/default/ndisc_notify"})
    out.emplace_back(ports::Sysctl{netns, key, "1"});
}

}  // namespace

std::vector<ports::Object> render_sandbox(const State& state, const Sandbox& sandbox) {
  std::vector<ports::Object> out;
  out.emplace_back(ports::Netns{sandbox.netns});
  render_defaults(sandbox.netns, out);
  out.emplace_back(ports::Link{{sandbox.netns, "lo"}, ports::LoopbackLink{}});
  const auto owner = state.container(sandbox.owner);
  // The owner may be gone, or live in a newer sandbox, while those who joined it still hold this one.
  if (!owner || owner->sandbox != sandbox.id) return out;
  for (const auto& attachment : owner->attachments) {
    const auto network = state.network(attachment.network);
    if (!network || !attachment.endpoint) continue;
    if (network->driver == Driver::bridge) render_bridge_endpoint(*network, *owner, attachment, sandbox.netns, out);
    if (has_parent(*network)) render_parent_endpoint(*network, *owner, attachment, sandbox.netns, out);
  }
  for (const auto family : {base::Family::v4, base::Family::v6})
    render_default_route(state, *owner, family, sandbox.netns, out);
  render_published(state, *owner, out);
  return out;
}

}  // namespace fairlead::engine
