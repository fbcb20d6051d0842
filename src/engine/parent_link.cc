#include "engine/parent_link.h"

#include <fmt/format.h>

#include <algorithm>

#include "engine/address_pool.h"
#include "engine/config_network.h"
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

const char* event_of(Health health) {
  switch (health) {
    case Health::down:
      return "parent-down";
    case Health::missing:
      return "parent-missing";
    case Health::no_carrier:
      return "parent-no-carrier";
    case Health::up:
      break;
  }
  return "parent-up";
}

std::unexpected<base::Error> already_used(const Network& other, const std::string& parent, const std::string& why) {
  return base::fail(ErrorKind::forbidden,
                    fmt::format("network {} is already using parent interface {}: {}", other.name, parent, why));
}

/// What the kernel allows of two networks on one parent.
base::Result<void> check_neighbour(const Network& network, const Network& other) {
  const auto& parent = network.parent.name;
  if (network.driver != other.driver) return already_used(other, parent, "macvlan and ipvlan cannot share one");
  if (is_passthru(network) || is_passthru(other))
    return already_used(other, parent, "in mode passthru a network has it for itself");
  const bool same =
      network.parent.ipvlan == other.parent.ipvlan && network.parent.ipvlan_flag == other.parent.ipvlan_flag;
  if (network.driver == Driver::ipvlan && !same)
    return already_used(other, parent, "ipvlan_mode and ipvlan_flag must be the same for all networks on it");
  return {};
}

/// Refused here, since the next to notice would be the first container.
base::Result<void> check_kernel(const Network& network, const Facts& facts) {
  const std::string kind = network.driver == Driver::macvlan ? "macvlan" : "ipvlan";
  if (facts.lacking.contains(kind)) {
    return base::fail(
        ErrorKind::not_implemented,
        fmt::format("this kernel has no {0}: install its module so that `modprobe {0}` succeeds, or boot a "
                    "kernel with CONFIG_{1}, then create the network again",
                    kind, kind == "macvlan" ? "MACVLAN" : "IPVLAN"));
  }
  const auto& parent = network.parent;
  if (parent.origin != Origin::vlan || !facts.lacking.contains("vlan")) return {};
  return base::fail(
      ErrorKind::not_implemented,
      fmt::format("this kernel has no vlan, of which parent interface {} would be made: install the module so that "
                  "`modprobe 8021q` succeeds, or boot a kernel with CONFIG_VLAN_8021Q, or use parent={} untagged",
                  parent.name, parent.base));
}

Health health_of(const ParentLink& parent, const Facts& facts) {
  if (parent.origin == Origin::isolated) return Health::up;
  const auto link = facts.host.links.find(bearer_of(parent));
  if (link == facts.host.links.end()) return Health::missing;
  if (!link->second.up) return Health::down;
  return link->second.carrier ? Health::up : Health::no_carrier;
}

/// A tagged link of ours may be there without a network on it, while it is being removed.
bool is_hosts(const Facts& facts, const std::string& name) {
  const auto link = facts.host.links.find(name);
  return link != facts.host.links.end() && !(link->second.is_ours && link->second.kind == "vlan");
}

base::Result<void> check_bearer(const std::string& name, const ports::LinkFacts& link) {
  // The kernel would put the children on what that one stands on.
  if (link.kind == "macvlan" || link.kind == "ipvlan") {
    return base::fail(
        ErrorKind::invalid,
        fmt::format("parent interface {} is itself a {} link: name the interface that it stands on", name, link.kind));
  }
  if (link.is_ours && link.kind != "bridge" && link.kind != "vlan")
    return base::fail(ErrorKind::forbidden, fmt::format("interface {} belongs to another network of fairlead", name));
  return {};
}

base::Result<void> find_parent(const State& state, const Facts& facts, Network& network) {
  auto& parent = network.parent;
  const auto sharing = std::ranges::find_if(state.networks(), [&](const auto& entry) {
    return has_parent(*entry.second) && entry.second->parent.name == parent.name;
  });
  if (sharing != state.networks().end()) {
    const auto& other = sharing->second->parent;
    if (other.origin == Origin::isolated)
      return already_used(*sharing->second, parent.name, "it leads nowhere and is that network's own");
    parent.origin = other.origin;
    parent.base = other.base;
    parent.vlan_id = other.vlan_id;
  } else if (!is_hosts(facts, parent.name)) {
    if (auto read = read_vlan_name(parent); !read) return read;
    parent.origin = Origin::vlan;
  }
  const auto& bearer = bearer_of(parent);
  const auto link = facts.host.links.find(bearer);
  if (link == facts.host.links.end()) {
    return base::fail(ErrorKind::invalid, fmt::format("-o parent interface was not found on the host: {}", bearer));
  }
  if (auto fits = check_bearer(bearer, link->second); !fits) return fits;
  parent.mac = link->second.mac;
  return {};
}

}  // namespace

std::set<std::string> link_kinds(const State& state, const CreateNetwork& command) {
  if (command.config_only || (command.driver != "macvlan" && command.driver != "ipvlan")) return {};
  std::set<std::string> kinds{command.driver};
  const auto whole = command.config_from.empty() ? command : take_configuration(state, command).value_or(command);
  const auto parent = whole.options.find("parent");
  // Whether that link is there already is not asked: then there is a module to it.
  if (parent != whole.options.end() && parent->second.contains('.')) kinds.insert("vlan");
  return kinds;
}

base::Result<void> settle_parent(const State& state, const Facts& facts, Network& network) {
  if (auto set = apply_parent_options(facts.host, network); !set) return set;
  auto& parent = network.parent;
  if (parent.name.empty() || network.internal) {
    if (is_passthru(network) && !network.internal)
      return base::fail(ErrorKind::invalid, "macvlan_mode=passthru needs -o parent=INTERFACE");
    if (parent.host_access) {
      return base::fail(
          ErrorKind::invalid,
          "host_access=true needs -o parent=INTERFACE and no --internal: a network that leads nowhere does "
          "not lead to the host either");
    }
    parent.name = "dm-" + network.id.short_text();
    parent.origin = Origin::isolated;
    return check_kernel(network, facts);
  }
  if (auto found = find_parent(state, facts, network); !found) return found;
  if (auto can = check_kernel(network, facts); !can) return can;
  for (const auto& [id, other] : state.networks()) {
    if (!has_parent(*other) || other->parent.name != parent.name) continue;
    if (auto fits = check_neighbour(network, *other); !fits) return fits;
  }
  parent.health = health_of(parent, facts);
  return {};
}

base::Result<void> reserve_host_addresses(Network& network) {
  if (!network.parent.host_access) return {};
  const auto nobody = [](const base::Ip&) { return false; };
  for (auto& subnet : network.subnets) {
    const auto asked = subnet.auxiliary.extract(kHostAddress);
    const auto own = asked ? std::optional(asked.mapped()) : next_address(subnet, nobody);
    if (asked && !is_assignable(subnet, *own)) {
      return base::fail(ErrorKind::invalid,
                        fmt::format("--aux-address {}={} is the gateway's address, the subnet's own "
                                    "or another's: the host needs one for itself",
                                    kHostAddress, own->text()));
    }
    if (own) subnet.auxiliary.emplace(kHostAddress, *own);
    if (!next_address(subnet, nobody)) {
      return base::fail(ErrorKind::invalid, fmt::format("subnet {} leaves no addresses for the host and a container",
                                                        subnet.prefix.text()));
    }
  }
  return {};
}

base::Result<void> check_seat(const State& state, const Network& network, const Container& container) {
  const auto& parent = network.parent;
  if (parent.health == Health::missing) {
    return base::fail(ErrorKind::forbidden,
                      fmt::format("parent interface {} of network {} is not there", bearer_of(parent), network.name));
  }
  if (!is_passthru(network)) return {};
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
  if (is_passthru(network) && !network.parent.mac.is_zero()) return network.parent.mac;
  return std::nullopt;
}

void see_parents(const State& state, const Facts& facts, Decision& decision) {
  if (facts.host.links.empty()) return;  // it could not be looked at: there is always a loopback
  for (const auto& [id, known] : state.networks()) {
    if (!has_parent(*known)) continue;
    const auto health = health_of(known->parent, facts);
    const auto link = facts.host.links.find(bearer_of(known->parent));
    const auto mac = link == facts.host.links.end() ? known->parent.mac : link->second.mac;
    if (health == known->parent.health && mac == known->parent.mac) continue;
    Network network = *known;
    network.parent.health = health;
    network.parent.mac = mac;
    if (health != known->parent.health) {
      auto event = network_event(network, event_of(health), facts.now);
      event.attributes.insert_or_assign("parent", network.parent.name);
      decision.events.push_back(std::move(event));
    }
    decision.changes.emplace_back(std::move(network));
  }
}

bool leads_nowhere(const Network& network) {
  return network.internal || network.parent.origin == Origin::isolated;
}

bool is_passthru(const Network& network) {
  return network.driver == Driver::macvlan && network.parent.macvlan == ports::MacvlanMode::passthru;
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

const std::string& bearer_of(const ParentLink& parent) {
  return parent.origin == Origin::vlan ? parent.base : parent.name;
}

std::string complaint_of(const ParentLink& parent) {
  switch (parent.health) {
    case Health::down:
      return parent.name + " is down";
    case Health::missing:
      return parent.name + " is missing";
    case Health::no_carrier:
      return parent.name + " has no carrier";
    case Health::up:
      break;
  }
  return {};
}

}  // namespace fairlead::engine
