#include <algorithm>
#include <array>
#include <iterator>
#include <map>
#include <set>
#include <utility>

#include "engine/gateway.h"
#include "engine/publish.h"

namespace fairlead::engine {
namespace {

using base::Family;

constexpr std::array kFamilies = {Family::v4, Family::v6};

/// A container before and after a change; null where it is not there.
struct Sides {
  Shared<Container> before;
  const Container* after = nullptr;

  bool publish_the_same() const {
    return before && after && before->published == after->published && before->attachments == after->attachments;
  }
};

Sides sides_of(const State& before, const Change& change) {
  if (const auto* after = std::get_if<Container>(&change)) return {before.container(after->id), after};
  const auto* gone = std::get_if<Erase>(&change);
  const auto* id = gone ? std::get_if<ContainerId>(&gone->key) : nullptr;
  return {id ? before.container(*id) : nullptr, nullptr};
}

std::set<ports::HostPort> host_ports(const Container* container) {
  std::set<ports::HostPort> out;
  if (!container) return out;
  for (const auto& published : container->published) {
    if (published.host.number != 0) out.insert(published.host);
  }
  return out;
}

std::optional<base::Ip> address_in(const Attachment* attachment, Family family) {
  if (!attachment) return std::nullopt;
  return address_of(*attachment->endpoint, family)->address();
}

/// Where translation leads the host ports of a container. What is published in both families is two ports here.
std::map<ports::HostPort, std::optional<ports::PortTarget>> leads_of(const State& state, const Container* container) {
  std::map<ports::HostPort, std::optional<ports::PortTarget>> out;
  if (!container) return out;
  for (const auto family : kFamilies) {
    const auto inside = address_in(publish_attachment(state, *container, family), family);
    const auto any = family == Family::v4 ? base::Ip::v4(0) : base::Ip::v6({});
    for (const auto& published : container->published) {
      auto port = published.host;
      if (port.number == 0 || (port.address && port.address->family() != family)) continue;
      port.address = port.address.value_or(any);
      auto& target = out[port];
      if (inside) target = {*inside, published.container_port};
    }
  }
  return out;
}

/// The ports that clients reach at the container's own address because they are published.
std::set<std::pair<ports::L4Protocol, ports::PortTarget>> opens_of(const State& state, const Container* container) {
  std::set<std::pair<ports::L4Protocol, ports::PortTarget>> out;
  if (!container) return out;
  for (const auto family : kFamilies) {
    const auto* attachment = publish_attachment(state, *container, family);
    const auto inside = address_in(attachment, family);
    if (!inside) continue;
    const auto network = state.network(attachment->network);
    if (gateway_mode(*network, family) != GatewayMode::routed && network->trusted_interfaces.empty()) continue;
    for (const auto& published : container->published)
      out.insert({published.host.protocol, {*inside, published.container_port}});
  }
  return out;
}

/// Both kinds are stale: what was translated, and what was the host's own before.
void add_host_ports(const State& state, const Sides& sides, std::vector<ports::FlowMatch>& matches) {
  const auto had = leads_of(state, sides.before.get()), has = leads_of(state, sides.after);
  const auto add = [&](const ports::HostPort& port) {
    matches.push_back({.protocol = port.protocol, .sent_to = port.address, .sent_to_port = port.number});
  };
  for (const auto& [port, target] : had) {
    const auto at = has.find(port);
    if (at != has.end() && at->second == target) continue;
    add(port);
    // Also of an address that the host no longer has, or never had as its own (a local route to a whole subnet).
    if (target && port.address->is_unspecified())
      matches.push_back({.protocol = port.protocol, .sent_to_port = port.number, .led_to = target->address});
  }
  for (const auto& [port, target] : has) {
    if (!had.contains(port)) add(port);
  }
}

void add_open_ports(const State& state, const Sides& sides, std::vector<ports::FlowMatch>& matches) {
  const auto has = opens_of(state, sides.after);
  for (const auto& open : opens_of(state, sides.before.get())) {
    const auto& [protocol, inside] = open;
    if (!has.contains(open))
      matches.push_back({.protocol = protocol, .sent_to = inside.address, .sent_to_port = inside.port});
  }
}

void add_addresses(const Sides& sides, std::vector<ports::FlowMatch>& matches) {
  if (!sides.before) return;
  for (const auto& attachment : sides.before->attachments) {
    const bool stays = sides.after && std::ranges::any_of(sides.after->attachments, [&](const Attachment& other) {
                         return other.endpoint == attachment.endpoint;
                       });
    if (!attachment.endpoint || stays) continue;
    for (const auto& address : {attachment.endpoint->ipv4, attachment.endpoint->ipv6}) {
      if (address) matches.push_back({.address = address->address()});
    }
  }
}

}  // namespace

PortsTouched ports_touched(const State& before, const std::vector<Change>& changes) {
  PortsTouched touched;
  for (const auto& change : changes) {
    const auto sides = sides_of(before, change);
    if (sides.publish_the_same()) continue;
    const auto had = host_ports(sides.before.get()), has = host_ports(sides.after);
    std::ranges::set_difference(had, has, std::back_inserter(touched.given));
    std::ranges::set_difference(has, had, std::back_inserter(touched.taken));
  }
  return touched;
}

std::vector<ports::FlowMatch> flows_touched(const State& before, const std::vector<Change>& changes) {
  std::vector<ports::FlowMatch> matches;
  for (const auto& change : changes) {
    const auto sides = sides_of(before, change);
    if (sides.publish_the_same()) continue;
    add_host_ports(before, sides, matches);
    add_open_ports(before, sides, matches);
    add_addresses(sides, matches);
  }
  return matches;
}

}  // namespace fairlead::engine
