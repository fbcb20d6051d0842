#include <fmt/format.h>

#include <algorithm>

#include "engine/address_pool.h"
#include "engine/config_network.h"
#include "engine/decide_parts.h"
#include "engine/event_of.h"
#include "engine/forwarding.h"
#include "engine/fresh_id.h"
#include "engine/network_config.h"
#include "engine/network_mode.h"
#include "engine/network_options.h"
#include "engine/parent_link.h"

namespace fairlead::engine {
namespace {

using base::ErrorKind;

base::Result<void> check_driver(const std::string& driver) {
  if (driver == "bridge" || driver == "macvlan" || driver == "ipvlan") return {};
  if (driver == "host" || driver == "null") {
    return base::fail(ErrorKind::forbidden, fmt::format("only one instance of \"{}\" network is allowed", driver));
  }
  if (driver == "overlay") {
    return base::fail(ErrorKind::unavailable,
                      "This node is not a swarm manager. Use \"docker swarm init\" or \"docker swarm join\" to connect "
                      "this node to swarm and try again.");
  }
  return base::fail(ErrorKind::not_found, fmt::format("plugin \"{}\" not found", driver));
}

bool is_network_name(const std::string& name) {
  return std::ranges::all_of(name, [](unsigned char c) { return c > ' ' && c != '/' && c != 127; });
}

base::Result<void> check_request(const State& state, const CreateNetwork& command) {
  if (command.name.empty()) return base::fail(ErrorKind::invalid, "invalid network name: name is empty");
  if (is_predefined_name(command.name)) {
    return base::fail(ErrorKind::forbidden,
                      fmt::format("operation is not permitted on predefined {} network ", command.name));
  }
  if (!is_network_name(command.name) || command.name.size() > 255) {
    return base::fail(ErrorKind::invalid, fmt::format("invalid network name: {}", command.name));
  }
  if (auto fits = check_driver(command.driver.empty() ? "bridge" : command.driver); !fits) return fits;
  const auto known = state.find_network(command.name);
  if (known && (*known)->name == command.name) {
    return base::fail(ErrorKind::conflict, fmt::format("network with name {} already exists", command.name));
  }
  if (!command.ipam_driver.empty() && command.ipam_driver != "default") {
    return base::fail(ErrorKind::not_found, fmt::format("plugin \"{}\" not found", command.ipam_driver));
  }
  if (command.ingress || command.scope == "swarm") {
    return base::fail(ErrorKind::unavailable,
                      "This node is not a swarm manager: there are no networks of scope swarm here");
  }
  if (!command.ipv4 && !command.ipv6) return base::fail(ErrorKind::invalid, "IPv4 or IPv6 must be enabled");
  return check_configuration(command);
}

/// Gives the network a subnet of `family` where none was asked for.
base::Result<void> add_subnet(const State& state, base::Family family, const Facts& facts, HostRecord& host,
                              Network& network) {
  if (subnet_of(network, family)) return {};
  auto pools = pools_of(state.settings(), family);
  if (pools.empty()) {
    if (!host.ula) host.ula = draw_ula(facts.entropy());
    pools = {{*host.ula, 64}};
  }
  const auto prefix = pick_subnet(pools, taken_subnets(state, facts.host), family);
  if (!prefix) return pools_used_up(state, pools, facts.host);
  network.subnets.push_back({.prefix = *prefix});
  return {};
}

/// A gateway for every subnet that has none, but where nobody would be there to answer.
void add_gateways(Network& network) {
  for (auto& subnet : network.subnets) {
    const auto family = subnet.prefix.family();
    const bool absent = network.internal && family == base::Family::v4 && network.inhibit_ipv4;
    if (subnet.gateway || absent || gateway_mode(network, family) == GatewayMode::isolated) continue;
    subnet.gateway = first_gateway(subnet);
  }
}

base::Result<void> settle_subnets(const State& state, const Facts& facts, HostRecord& host, Network& network) {
  for (const auto& subnet : network.subnets) {
    // Containers on a parent's LAN are meant to live in the host's own subnet.
    static const ports::HostFacts nothing;
    const auto& in_use = has_parent(network) ? nothing : facts.host;
    if (auto free = check_overlap(state, in_use, subnet.prefix); !free) return free;
  }
  if (network.ipv4) {
    if (auto added = add_subnet(state, base::Family::v4, facts, host, network); !added) return added;
  }
  if (network.ipv6) {
    if (auto added = add_subnet(state, base::Family::v6, facts, host, network); !added) return added;
    if (state.settings().ip_forward && network.driver == Driver::bridge) want_ipv6_forwarding(facts, host);
  }
  ipv4_first(network.subnets);
  add_gateways(network);
  return {};
}

base::Result<void> check_bridge(const State& state, const Network& network) {
  for (const auto& [id, other] : state.networks()) {
    if (other->driver != Driver::bridge || other->bridge != network.bridge) continue;
    return base::fail(
        ErrorKind::forbidden,
        fmt::format("conflicts with network {} ({}): networks have same bridge name", other->id.text(), other->name));
  }
  return {};
}

Network record_of(const State& state, const CreateNetwork& asked, const Facts& facts) {
  Network network;
  network.id = fresh_id(state.networks(), facts);
  network.name = asked.name;
  network.created = facts.now;
  network.internal = asked.internal;
  network.attachable = asked.attachable;
  network.ipv4 = asked.ipv4;
  network.ipv6 = asked.ipv6;
  network.config_only = asked.config_only;
  network.config_from = asked.config_from;
  network.options = asked.options;
  network.labels = asked.labels;
  network.ipam_options = asked.ipam_options;
  return network;
}

/// IPv6 asks this much of every link (RFC 8200, section 5), and the kernel turns it off below.
base::Result<void> check_mtu(const Network& network) {
  if (!network.ipv6 || network.mtu == 0 || network.mtu >= 1280) return {};
  return base::fail(ErrorKind::invalid, fmt::format("invalid MTU {} for an IPv6 network: it needs 1280", network.mtu));
}

/// What makes a macvlan or ipvlan network of the record.
base::Result<void> settle_on_parent(const State& state, const Facts& facts, HostRecord& host, Network& network) {
  network.mtu = 0;  // the parent's
  if (auto set = settle_parent(state, facts, network); !set) return set;
  if (auto fits = check_mtu(network); !fits) return fits;
  if (auto settled = settle_subnets(state, facts, host, network); !settled) return settled;
  return reserve_host_addresses(network);
}

/// What makes a bridge network of the record.
base::Result<void> settle_bridge(const State& state, const Facts& facts, HostRecord& host, Network& network) {
  network.bridge = "br-" + network.id.short_text();
  network.mtu = state.settings().mtu != 0 ? state.settings().mtu : facts.host.egress_mtu;
  if (auto set = apply_bridge_options(network); !set) return set;
  if (auto fits = check_mtu(network); !fits) return fits;
  if (auto fits = check_bridge(state, network); !fits) return fits;
  return settle_subnets(state, facts, host, network);
}

}  // namespace

base::Result<Decision> decide_one(const State& state, const CreateNetwork& command, const Facts& facts) {
  if (auto fits = check_request(state, command); !fits) return std::unexpected(fits.error());
  const auto asked =
      command.config_from.empty() ? base::Result<CreateNetwork>(command) : take_configuration(state, command);
  if (!asked) return std::unexpected(asked.error());
  auto subnets = parse_pools(asked->pools, asked->ipv4, asked->ipv6, asked->driver);
  if (!subnets) return std::unexpected(subnets.error());
  Network network = record_of(state, *asked, facts);
  network.subnets = *std::move(subnets);
  HostRecord host = state.host();
  if (network.config_only) {
    network.driver = Driver::null;
  } else {
    if (asked->driver == "macvlan") network.driver = Driver::macvlan;
    if (asked->driver == "ipvlan") network.driver = Driver::ipvlan;
    const auto settle = has_parent(network) ? settle_on_parent : settle_bridge;
    if (auto settled = settle(state, facts, host, network); !settled) return std::unexpected(settled.error());
  }
  Decision decision;
  decision.made = network.id;
  decision.events.push_back(network_event(network, "create", facts.now));
  if (auto warning = forwarding_warning(state.host(), host, facts); !warning.empty())
    decision.warnings.push_back(std::move(warning));
  if (auto warning = unknown_options_warning(network); network.driver == Driver::bridge && !warning.empty())
    decision.warnings.push_back(std::move(warning));
  if (host != state.host()) decision.changes.emplace_back(std::move(host));
  decision.changes.emplace_back(std::move(network));
  return decision;
}

base::Result<Decision> decide_one(const State& state, const RemoveNetwork& command, const Facts& facts) {
  const auto network = state.network(command.id);
  if (!network) return base::fail(ErrorKind::not_found, fmt::format("network {} not found", command.id.text()));
  if (network->predefined) {
    return base::fail(ErrorKind::forbidden,
                      fmt::format("{} is a pre-defined network and cannot be removed", network->name));
  }
  if (!made_by(state, *network).empty())
    return base::fail(ErrorKind::forbidden, fmt::format("configuration network \"{}\" is in use", network->name));
  std::vector<std::string> active;
  for (const auto& member : state.members(network->id)) {
    for (const auto& attachment : member->attachments) {
      if (attachment.network != network->id || !attachment.endpoint) continue;
      active.push_back(fmt::format("name:\"{}\" id:\"{}\"", member->name, attachment.endpoint->id.short_text()));
    }
  }
  if (!active.empty()) {
    return base::fail(ErrorKind::forbidden,
                      fmt::format("error while removing network: network {} has active endpoints ({})", network->name,
                                  fmt::join(active, ", ")));
  }
  Decision decision;
  decision.changes.emplace_back(Erase{network->id});
  decision.events.push_back(network_event(*network, "destroy", facts.now));
  return decision;
}

}  // namespace fairlead::engine
