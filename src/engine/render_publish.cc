#include <fmt/format.h>
#include <netinet/in.h>

#include "engine/gateway.h"
#include "engine/publish.h"
#include "engine/render.h"
#include "engine/render_parts.h"

namespace fairlead::engine {
namespace {

using base::Family;

/// An element of the sets that are asked by a packet's port (`name4`), or by its address as well where the port is
/// published on one (`name_at4`).
ports::FirewallElement at_host_port(const std::string& name, const ports::HostPort& host, Family family) {
  const bool is_on_one = host.address && !host.address->is_unspecified();
  ports::FirewallElement element{kTable, name + (is_on_one ? "_at" : "") + (family == Family::v4 ? "4" : "6")};
  if (is_on_one) element.key = {*host.address};
  element.key.emplace_back(host.protocol);
  element.key.emplace_back(ports::Port{host.number});
  return element;
}

void render_port(const Network& network, const Container& container, const Published& published,
                 const base::Ip& address, std::vector<ports::Object>& out) {
  const bool v4 = address.is_v4();
  const auto comment = [&](const char* intent) {
    return cut(fmt::format("{} {}: {}", network.name, container.name, intent), kCommentLimit);
  };
  const auto& host = published.host;
  const ports::Port inside{published.container_port};
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
  auto element = at_host_port("publish", host, address.family());
  element.value = {address, inside};
  element.comment = comment("published port");
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
  auto element = at_host_port("relayed", host, family);
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
    const auto address = address_of(*attachment->endpoint, family)->address();
    const auto network = state.network(attachment->network);
    for (const auto& published : owner.published) render_port(*network, owner, published, address, out);
    if (gateway_mode(*network, family) != GatewayMode::routed) render_shared(state, owner, *attachment, address, out);
  }
}

}  // namespace fairlead::engine
