#include <fmt/format.h>

#include <algorithm>

#include "engine/address_pool.h"
#include "engine/decide_parts.h"
#include "engine/event_of.h"
#include "engine/fresh_id.h"
#include "engine/network_config.h"
#include "engine/network_mode.h"
#include "engine/network_options.h"

namespace fairlead::engine {
namespace {

using base::ErrorKind;

base::Result<void> check_driver(const std::string& driver) {
  if (driver == "bridge") return {};
  if (driver == "host" || driver == "null") {
    return base::fail(ErrorKind::forbidden, fmt::format("only one instance of \"{}\" network is allowed", driver));
  }
  if (driver == "overlay") {
    return base::fail(ErrorKind::unavailable,
                      "This node is not a swarm manager. Use \"docker swarm init\" or \"docker swarm join\" to connect "
                      "this node to swarm and try again.");
  }
  if (driver == "macvlan" || driver == "ipvlan") {
    return base::fail(ErrorKind::not_implemented, fmt::format("networks of driver {} are not supported", driver));
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
  if (command.config_only || !command.config_from.empty()) {
    return base::fail(ErrorKind::not_implemented, "configuration-only networks are not supported");
  }
  if (command.ipv6 || !command.ipv4) return base::fail(ErrorKind::not_implemented, "IPv6 networks are not supported");
  return {};
}

base::Result<std::vector<Subnet>> settle_subnets(const State& state, const CreateNetwork& command, const Facts& facts) {
  auto subnets = parse_pools(command.pools);
  if (!subnets) return subnets;
  for (const auto& subnet : *subnets) {
    if (auto free = check_overlap(state, facts.host, subnet.prefix); !free) return std::unexpected(free.error());
  }
  if (!subnets->empty()) return subnets;
  const auto prefix = pick_subnet(pools_of(state.settings()), taken_subnets(state, facts.host));
  if (!prefix) return base::fail(ErrorKind::invalid, "all predefined address pools have been fully subnetted");
  return std::vector{Subnet{.prefix = *prefix, .gateway = prefix->address().plus(1)}};
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

}  // namespace

base::Result<Decision> decide_one(const State& state, const CreateNetwork& command, const Facts& facts) {
  if (auto fits = check_request(state, command); !fits) return std::unexpected(fits.error());
  auto subnets = settle_subnets(state, command, facts);
  if (!subnets) return std::unexpected(subnets.error());
  Network network;
  network.id = fresh_id(state.networks(), facts);
  network.name = command.name;
  network.created = facts.now;
  network.internal = command.internal;
  network.attachable = command.attachable;
  network.subnets = *std::move(subnets);
  network.options = command.options;
  network.labels = command.labels;
  network.bridge = "br-" + network.id.short_text();
  network.mtu = state.settings().mtu != 0 ? state.settings().mtu : facts.host.egress_mtu;
  if (auto set = apply_bridge_options(network); !set) return std::unexpected(set.error());
  if (auto fits = check_bridge(state, network); !fits) return std::unexpected(fits.error());
  Decision decision;
  decision.made = network.id;
  decision.events.push_back(network_event(network, "create", facts.now));
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
