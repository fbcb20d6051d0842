#include <fmt/format.h>

#include <algorithm>

#include "engine/address_pool.h"
#include "engine/decide_parts.h"
#include "engine/forwarding.h"
#include "engine/network_config.h"
#include "engine/network_options.h"
#include "engine/parent_link.h"

namespace fairlead::engine {
namespace {

using base::ErrorKind;
using base::Prefix;

Subnet subnet_at(const Prefix& gateway, const Settings& settings) {
  Subnet subnet{.prefix = gateway.network(), .gateway = gateway.address(), .asked = true};
  if (settings.fixed_cidr) subnet.range = settings.fixed_cidr->network();
  return subnet;
}

/// The default bridge's subnet by the settings alone; none when any free one will do.
base::Result<std::optional<Subnet>> subnet_asked(const Settings& settings, const Facts& facts) {
  std::optional<Subnet> subnet;
  if (settings.foreign_bridge) {
    const auto& found = facts.foreign_bridge_addresses;
    const auto own = std::ranges::find_if(found, [](const Prefix& p) { return p.family() == base::Family::v4; });
    if (own == found.end()) {
      return base::fail(
          ErrorKind::invalid,
          fmt::format("bridge {} has no IPv4 address: give it one, or start without -b", settings.bridge));
    }
    subnet = subnet_at(*own, settings);
  } else if (settings.bridge_ip) {
    if (!is_assignable({.prefix = settings.bridge_ip->network()}, settings.bridge_ip->address())) {
      return base::fail(ErrorKind::invalid,
                        fmt::format("--bip {} is not an address of its own subnet", settings.bridge_ip->text()));
    }
    subnet = subnet_at(*settings.bridge_ip, settings);
  }
  const auto& fixed = settings.fixed_cidr;
  if (subnet && fixed && (!subnet->prefix.contains(fixed->address()) || fixed->length() < subnet->prefix.length())) {
    return base::fail(ErrorKind::invalid,
                      fmt::format("--fixed-cidr {} is outside the subnet {}", fixed->text(), subnet->prefix.text()));
  }
  return subnet;
}

base::Result<Subnet> pick_bridge_subnet(const State& state, const Facts& facts) {
  const auto& settings = state.settings();
  auto asked = subnet_asked(settings, facts);
  if (!asked) return std::unexpected(asked.error());
  if (*asked) return **std::move(asked);
  const auto taken = taken_subnets(state, facts.host);
  if (settings.fixed_cidr) {
    // The default subnet that holds it, when there is one; else it is the subnet itself.
    const auto fixed = settings.fixed_cidr->network();
    for (const auto& pool : pools_of(settings)) {
      const Prefix around(fixed.address(), pool.size);
      if (!pool.base.contains(fixed.address()) || fixed.length() < pool.size) continue;
      if (pick_subnet({{around.network(), pool.size}}, taken))
        return subnet_at({around.network().address().plus(1), pool.size}, settings);
    }
    return subnet_at({fixed.address().plus(1), fixed.length()}, settings);
  }
  const auto prefix = pick_subnet(pools_of(settings), taken);
  if (!prefix) return pools_used_up(state, pools_of(settings), facts.host);
  return Subnet{.prefix = *prefix, .gateway = prefix->address().plus(1)};
}

/// Whether the stored subnet is still what the settings say.
bool fits(const Subnet& stored, const std::optional<Subnet>& asked, const Settings& settings) {
  const auto range = settings.fixed_cidr ? std::optional(settings.fixed_cidr->network()) : std::nullopt;
  if (stored.range != range) return false;
  return !asked || (stored.prefix == asked->prefix && stored.gateway == asked->gateway);
}

bool has_members(const State& state, const NetworkId& id) {
  return !state.members(id).empty();
}

base::Result<void> settle_subnet(const State& state, Network& network, const Facts& facts, Decision& decision) {
  const auto& settings = state.settings();
  if (!network.subnets.empty()) {
    const auto asked = subnet_asked(settings, facts);
    if (!asked) return std::unexpected(asked.error());
    if (network.bridge == settings.bridge && fits(network.subnets[0], *asked, settings)) return {};
    if (has_members(state, network.id)) {
      decision.warnings.push_back(fmt::format("network {} keeps its subnet {}: containers are up on it", network.name,
                                              network.subnets[0].prefix.text()));
      return {};
    }
  }
  // Ourselves must not be in our own way, neither as a network nor as the host's route to it.
  State others = state;
  Facts seen = facts;
  others.apply(Erase{network.id});
  const auto own = [&](const Prefix& p) {
    return std::ranges::any_of(network.subnets, [&](const Subnet& s) { return s.prefix == p.network(); });
  };
  std::erase_if(seen.host.routes, own);
  std::erase_if(seen.host.addresses, own);
  auto subnet = pick_bridge_subnet(others, seen);
  if (!subnet) return std::unexpected(subnet.error());
  network.subnets = {*std::move(subnet)};
  network.bridge = settings.bridge;
  return {};
}

void describe_default(Network& network, const Settings& settings) {
  const auto word = [](bool flag) { return flag ? "true" : "false"; };
  const auto binding = settings.default_binding.value_or(base::Ip::v4(0)).text();
  network.options = {
      {kOptionDefault, "true"},  {kOptionIcc, word(network.icc)}, {kOptionMasquerade, word(network.masquerade)},
      {kOptionBinding, binding}, {kOptionName, network.bridge},   {kOptionMtu, std::to_string(network.mtu)}};
}

Network predefined(const char* name, Driver driver, const Facts& facts) {
  Network network;
  network.id = NetworkId::from(facts.entropy());
  network.name = name;
  network.driver = driver;
  network.created = facts.now;
  network.predefined = true;
  return network;
}

bool is_ipv6_bridge(const Network& network) {
  return network.driver == Driver::bridge && network.ipv6;
}

Shared<Network> find_exact(const State& state, const std::string& name) {
  const auto found = state.find_network(name);
  return found && (*found)->name == name ? *found : nullptr;
}

base::Result<void> settle_bridge(const State& state, const Facts& facts, Decision& decision) {
  const auto& settings = state.settings();
  const auto known = find_exact(state, "bridge");
  if (settings.bridge == "none") {
    if (known && !has_members(state, known->id)) decision.changes.emplace_back(Erase{known->id});
    return {};
  }
  Network network = known ? *known : predefined("bridge", Driver::bridge, facts);
  if (!known) network.bridge = settings.bridge;
  if (auto settled = settle_subnet(state, network, facts, decision); !settled) return settled;
  network.foreign_bridge = settings.foreign_bridge && network.bridge == settings.bridge;
  network.mtu = settings.mtu != 0 ? settings.mtu : facts.host.egress_mtu;
  network.icc = settings.icc;
  network.masquerade = settings.ip_masq;
  describe_default(network, settings);
  if (!known || *known != network) decision.changes.emplace_back(std::move(network));
  return {};
}

}  // namespace

base::Result<Decision> decide_one(const State& state, const BootHost&, const Facts& facts) {
  Decision decision;
  if (auto settled = settle_bridge(state, facts, decision); !settled) return std::unexpected(settled.error());
  if (!find_exact(state, "host")) decision.changes.emplace_back(predefined("host", Driver::host, facts));
  if (!find_exact(state, "none")) decision.changes.emplace_back(predefined("none", Driver::null, facts));
  const auto& settings = state.settings();
  HostRecord host = state.host();
  forget_earlier_boot(facts, host);
  host.forwarding_switched_on = settings.ip_forward && (host.forwarding_switched_on || !facts.host.ip_forward_was_on);
  const bool has_ipv6 =
      std::ranges::any_of(state.networks(), [](const auto& entry) { return is_ipv6_bridge(*entry.second); });
  if (settings.ip_forward && has_ipv6)
    want_ipv6_forwarding(facts, host);
  else
    host.ipv6_forwarding = false;
  if (host != state.host()) decision.changes.emplace_back(host);
  see_parents(state, facts, decision);
  return decision;
}

base::Result<Decision> decide_one(const State& state, const ParentsSeen&, const Facts& facts) {
  Decision decision;
  see_parents(state, facts, decision);
  return decision;
}

}  // namespace fairlead::engine
