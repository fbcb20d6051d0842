#include <fmt/format.h>
#include <netinet/in.h>

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
  if (host.number == 0) return;
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
  // Where bridged packets are filtered (br_netfilter), a translated visit to the bridge that it came by does not leave
  // that bridge, which lets nothing pass between isolated ports. SCTP has no socket that could serve it.
  if (!network.icc && host.protocol.number != IPPROTO_SCTP) {
    ports::FirewallElement own{kTable, "own_" + element.set, element.key, {}, comment("visits of its own network")};
    own.key.insert(own.key.begin(), ports::InterfaceName{network.bridge});
    out.emplace_back(std::move(own));
  }
  out.emplace_back(std::move(element));
}

/// Clients of a family that is not translated come to the socket, past chain `forward`: whom that would stop is stopped
/// at the socket's port.
void render_relayed(const Container& container, const Published& published, Family family,
                    std::vector<ports::Object>& out) {
  const auto& host = published.host;
  if (host.number == 0 || (host.address && host.address->family() != family)) return;
  const bool v4 = family == Family::v4;
  ports::FirewallElement element{kTable, v4 ? "relayed4" : "relayed6", {}, {}, {}};
  if (host.address && !host.address->is_unspecified()) {
    element.set = v4 ? "relayed_at4" : "relayed_at6";
    element.key = {*host.address};
  }
  element.key.emplace_back(host.protocol);
  element.key.emplace_back(ports::Port{host.number});
  element.comment = cut(container.name + ": published port, by the daemon", kCommentLimit);
  out.emplace_back(std::move(element));
}

/// A visitor who is also a neighbour of the container on another network would be answered there, past the translation.
void render_shared(const State& state, const Container& container, const Attachment& published, const base::Ip& address,
                   std::vector<ports::Object>& out) {
  for (const auto& other : container.attachments) {
    const auto network = state.network(other.network);
    if (!other.endpoint || other.network == published.network || network->driver != Driver::bridge) continue;
    out.emplace_back(ports::FirewallElement{
        kTable,
        address.is_v4() ? "shared4" : "shared6",
        {ports::InterfaceName{network->bridge}, address},
        {},
        cut(fmt::format("{} {}: its neighbours visit under this host's address", network->name, container.name),
            kCommentLimit)});
  }
}

}  // namespace

void render_published(const State& state, const Container& owner, std::vector<ports::Object>& out) {
  if (!state.settings().iptables || owner.published.empty()) return;
  for (const auto family : {Family::v4, Family::v6}) {
    const auto* attachment = publish_attachment(state, owner, family);
    if (!attachment) {
      for (const auto& published : owner.published) render_relayed(owner, published, family, out);
      continue;
    }
    const auto& endpoint = *attachment->endpoint;
    const auto address = (family == Family::v4 ? endpoint.ipv4 : endpoint.ipv6)->address();
    const auto network = state.network(attachment->network);
    for (const auto& published : owner.published) render_port(*network, owner, published, address, out);
    if (gateway_mode(*network, family) != GatewayMode::routed) render_shared(state, owner, *attachment, address, out);
  }
}

}  // namespace fairlead::engine
