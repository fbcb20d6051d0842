#include "engine/parent_link.h"

#include <fmt/format.h>

#include <algorithm>

#include "engine/address_pool.h"
#include "engine/event_of.h"
#include "engine/parent_options.h"
#include "engine/render.h"

namespace fairlead::engine {
namespace {

using base::ErrorKind;
using Health = ParentLink::Health;
using Origin = ParentLink::Origin;

/// Under which name the network's own address is put aside.
constexpr char kHostAddress[] = "host";

bool needs_parent_alone(const Network& network) {
  return network.driver == Driver::macvlan && network.parent.macvlan == ports::MacvlanMode::passthru;
}

std::unexpected<base::Error> already_used(const Network& other, const std::string& parent, const std::string& why) {
  return base::fail(ErrorKind::forbidden,
                    fmt::format("network {} is already using parent interface {}: {}", other.name, parent, why));
}

/// What the kernel allows of two networks on one parent.
base::Result<void> check_neighbour(const Network& network, const Network& other) {
  const auto& parent = network.parent.name;
  if (network.driver != other.driver) return already_used(other, parent, "macvlan and ipvlan cannot share one");
  if (needs_parent_alone(network) || needs_parent_alone(other))
    return already_used(other, parent, "in mode passthru a network has it for itself");
  const bool same =
      network.parent.ipvlan == other.parent.ipvlan && network.parent.ipvlan_flag == other.parent.ipvlan_flag;
  if (network.driver == Driver::ipvlan && !same)
    return already_used(other, parent, "ipvlan_mode and ipvlan_flag must be the same for all networks on it");
  return {};
}

Health health_of(const ParentLink& parent, const Facts& facts) {
  if (parent.origin == Origin::isolated) return Health::up;
  const auto link = facts.host.links.find(parent.origin == Origin::vlan ? parent.base : parent.name);
  if (link == facts.host.links.end()) return Health::missing;
  return link->second.up ? Health::up : Health::down;
}

base::Result<void> find_parent(const State& state, const Facts& facts, Network& network) {
  auto& parent = network.parent;
  const auto sharing = std::ranges::find_if(state.networks(), [&](const auto& entry) {
    return has_parent(*entry.second) && entry.second->parent.name == parent.name;
  });
  if (sharing != state.networks().end()) {
    const auto& other = sharing->second->parent;
    parent.origin = other.origin;
    parent.base = other.base;
    parent.vlan_id = other.vlan_id;
  } else if (!facts.host.links.contains(parent.name)) {
    if (auto read = read_vlan_name(parent); !read) return read;
    parent.origin = Origin::vlan;
  }
  const auto& carrier = parent.origin == Origin::vlan ? parent.base : parent.name;
  const auto link = facts.host.links.find(carrier);
  if (link == facts.host.links.end()) {
    return base::fail(ErrorKind::invalid, fmt::format("-o parent interface was not found on the host: {}", carrier));
  }
  parent.mac = link->second.mac;
  return {};
}

}  // namespace

base::Result<void> settle_parent(const State& state, const Facts& facts, Network& network) {
  if (auto set = apply_parent_options(network); !set) return set;
  auto& parent = network.parent;
  if (parent.name.empty() || network.internal) {
    if (needs_parent_alone(network) && !network.internal)
      return base::fail(ErrorKind::invalid, "macvlan_mode=passthru needs -o parent=INTERFACE");
    parent.name = "dm-" + network.id.short_text();
    parent.origin = Origin::isolated;
    return {};
  }
  if (auto found = find_parent(state, facts, network); !found) return found;
  for (const auto& [id, other] : state.networks()) {
    if (!has_parent(*other) || other->parent.name != parent.name) continue;
    if (auto fits = check_neighbour(network, *other); !fits) return fits;
  }
  parent.health = health_of(parent, facts);
  return {};
}

base::Result<void> reserve_host_addresses(Network& network) {
  if (!network.parent.host_access) return {};
  for (auto& subnet : network.subnets) {
    if (host_address(subnet)) continue;
    const auto free = next_address(subnet, [](const base::Ip&) { return false; });
    if (!free) {
      return base::fail(ErrorKind::invalid,
                        fmt::format("subnet {} leaves no address for the host", subnet.prefix.text()));
    }
    subnet.auxiliary.emplace(kHostAddress, *free);
  }
  return {};
}

base::Result<void> check_seat(const State& state, const Network& network, const Container& container) {
  const auto& parent = network.parent;
  if (parent.health == Health::missing) {
    return base::fail(ErrorKind::forbidden,
                      fmt::format("parent interface {} of network {} is not there",
                                  parent.origin == Origin::vlan ? parent.base : parent.name, network.name));
  }
  if (!needs_parent_alone(network)) return {};
  for (const auto& member : state.members(network.id)) {
    if (member->id == container.id) continue;
    const bool has_it = std::ranges::any_of(member->attachments,
                                            [&](const Attachment& a) { return a.network == network.id && a.endpoint; });
    if (!has_it) continue;
    return base::fail(ErrorKind::forbidden,
                      fmt::format("network {} is in macvlan mode passthru, which takes exactly one container on parent "
                                  "interface {}: {} has it",
                                  network.name, parent.name, member->name));
  }
  return {};
}

std::optional<base::Mac> dictated_mac(const Network& network) {
  if (network.driver == Driver::ipvlan) return base::Mac{};
  if (needs_parent_alone(network) && !network.parent.mac.is_zero()) return network.parent.mac;
  return std::nullopt;
}

void see_parents(const State& state, const Facts& facts, Decision& decision) {
  if (facts.host.links.empty()) return;  // it could not be looked at: there is always a loopback
  for (const auto& [id, known] : state.networks()) {
    if (!has_parent(*known)) continue;
    const auto health = health_of(known->parent, facts);
    if (health == known->parent.health) continue;
    Network network = *known;
    network.parent.health = health;
    auto event = network_event(network, fmt::format("parent-{}", word_of(health)), facts.now);
    event.attributes.insert_or_assign("parent", network.parent.name);
    decision.events.push_back(std::move(event));
    decision.changes.emplace_back(std::move(network));
  }
}

bool is_layer3(const Network& network) {
  return network.driver == Driver::ipvlan && network.parent.ipvlan != ports::IpvlanMode::l2;
}

std::string shim_of(const Network& network) {
  return "mv-" + network.id.short_text();
}

const base::Ip* host_address(const Subnet& subnet) {
  const auto at = subnet.auxiliary.find(kHostAddress);
  return at == subnet.auxiliary.end() ? nullptr : &at->second;
}

std::string isolation_netns(const Network& network) {
  if (!has_parent(network) || network.parent.origin != Origin::isolated) return {};
  return kNetnsPrefix + network.id.short_text();
}

const char* word_of(Health health) {
  switch (health) {
    case Health::up:
      return "up";
    case Health::down:
      return "down";
    case Health::missing:
      return "missing";
  }
  return "up";
}

}  // namespace fairlead::engine
