#include <fmt/format.h>

#include "engine/gateway.h"
#include "engine/publish.h"
#include "engine/render.h"
#include "engine/render_parts.h"

namespace fairlead::engine {
namespace {

using base::Family;

void render_port(const Network& network, const Container& container, const Published& published,
                 const base::Ip& address, std::vector<ports::Object>& out) {
  const bool v4 = address.is_v4();
  const auto comment = [&](const char* intent) {
    return cut(fmt::format("{} {}: {}", network.name, container.name, intent), kCommentLimit);
  };
  const auto& host = published.host;
  const ports::Port inside{published.container_port}, outside{host.number};
  if (gateway_mode(network, address.family()) == GatewayMode::routed) {
    out.emplace_back(ports::FirewallElement{
        kTable, v4 ? "open_port4" : "open_port6", {address, host.protocol, inside}, {}, comment("open port")});
    return;
  }
  for (const auto& interface : network.trusted_interfaces) {
    out.emplace_back(ports::FirewallElement{kTable,
                                            v4 ? "trusted4" : "trusted6",
                                            {ports::InterfaceName{interface}, address, host.protocol, inside},
                                            {},
                                            comment("trusted interface")});
  }
  if (host.address && host.address->family() != address.family()) return;  // the socket's forwarder serves it
  ports::FirewallElement element{kTable, {}, {}, {address, inside}, comment("published port")};
  if (!host.address || host.address->is_unspecified()) {
    element.set = v4 ? "publish4" : "publish6";
  } else {
    element.set = v4 ? "publish_at4" : "publish_at6";
    element.key = {*host.address};
  }
  element.key.emplace_back(host.protocol);
  element.key.emplace_back(outside);
  out.emplace_back(std::move(element));
}

}  // namespace

void render_published(const State& state, const Container& owner, std::vector<ports::Object>& out) {
  if (!state.settings().iptables || owner.published.empty()) return;
  for (const auto family : {Family::v4, Family::v6}) {
    const auto* attachment = publish_attachment(state, owner, family);
    if (!attachment) continue;
    const auto& endpoint = *attachment->endpoint;
    const auto address = (family == Family::v4 ? endpoint.ipv4 : endpoint.ipv6)->address();
    const auto network = state.network(attachment->network);
    for (const auto& published : owner.published) render_port(*network, owner, published, address, out);
  }
}

}  // namespace fairlead::engine
