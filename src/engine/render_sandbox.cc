#include "engine/gateway.h"
#include "engine/render_parts.h"

namespace fairlead::engine {
namespace {

void render_default_route(const State& state, const Container& owner, const std::string& netns,
                          std::vector<ports::Object>& out) {
  const auto* way = gateway_attachment(state, owner);
  if (!way) return;
  const auto network = state.network(way->network);
  for (const auto& subnet : network->subnets) {
    if (!subnet.gateway || !subnet.prefix.contains(way->endpoint->ipv4->address())) continue;
    ports::Route route;
    route.netns = netns;
    route.destination = base::Prefix(base::Ip::v4(0), 0);
    route.via = subnet.gateway;
    route.device = way->endpoint->interface;
    out.emplace_back(std::move(route));
    return;
  }
}

}  // namespace

std::vector<ports::Object> render_sandbox(const State& state, const Sandbox& sandbox) {
  std::vector<ports::Object> out;
  out.emplace_back(ports::Netns{sandbox.netns});
  out.emplace_back(ports::Link{{sandbox.netns, "lo"}, ports::LoopbackLink{}});
  const auto owner = state.container(sandbox.owner);
  // The owner may be gone, or live in a newer sandbox, while those who joined it still hold this one.
  if (!owner || owner->sandbox != sandbox.id) return out;
  for (const auto& attachment : owner->attachments) {
    const auto network = state.network(attachment.network);
    if (!network || !attachment.endpoint || network->driver != Driver::bridge) continue;
    render_bridge_endpoint(*network, *owner, *attachment.endpoint, sandbox.netns, out);
  }
  render_default_route(state, *owner, sandbox.netns, out);
  return out;
}

}  // namespace fairlead::engine
