#include <fmt/format.h>

#include <algorithm>

#include "engine/decide_parts.h"
#include "engine/endpoint_rules.h"
#include "engine/endpoints.h"
#include "engine/network_mode.h"
#include "engine/publish.h"

namespace fairlead::engine {
namespace {

using base::ErrorKind;

base::Result<void> check_connect(const Container& container, const Network& network) {
  const auto& mode = container.spec.network_mode;
  if (network.config_only) return base::fail(ErrorKind::forbidden, kConfigurationOnly);
  if (joined_reference(mode) || is_host_mode(mode)) {
    // To the host's network the clearer of the two refusals goes first, as Docker has it.
    if (network.driver == Driver::host && !is_host_mode(mode)) return base::fail(ErrorKind::invalid, kConnectToHost);
    return base::fail(ErrorKind::invalid, kSharedNamespace);
  }
  if (network.driver == Driver::host) return base::fail(ErrorKind::invalid, kConnectToHost);
  for (const auto& attachment : container.attachments) {
    if (attachment.network == network.id) {
      return base::fail(ErrorKind::forbidden, fmt::format("endpoint with name {} already exists in network {}",
                                                          container.name, network.name));
    }
    if (attachment.network_name == "none" || network.driver == Driver::null) {
      return base::fail(ErrorKind::invalid, kConnectToNone);
    }
  }
  return {};
}

}  // namespace

base::Result<Decision> decide_one(const State& state, const Connect& command, const Facts& facts) {
  const auto known = known_container(state, command.container);
  if (!known) return std::unexpected(known.error());
  const auto network = state.find_network(command.request.network);
  if (!network) return std::unexpected(network.error());
  Container container = **known;
  if (container.phase == Phase::removing || container.phase == Phase::dead) {
    return base::fail(
        ErrorKind::conflict,
        fmt::format("container {} is marked for removal and cannot be connected or disconnected to the network",
                    container.id.text()));
  }
  if (auto fits = check_connect(container, **network); !fits) return std::unexpected(fits.error());
  Attachment attachment;
  attachment.network = (*network)->id;
  attachment.network_name = (*network)->name;
  attachment.request = command.request;
  if (auto fits = check_request(network->get(), attachment); !fits) return std::unexpected(fits.error());
  container.attachments.push_back(std::move(attachment));
  Decision decision;
  if (container.is_up()) {
    auto taken = take_endpoint(state, container, container.attachments.size() - 1, facts, decision);
    if (!taken) return std::unexpected(taken.error());
    if (auto settled = settle_ports(state, container, facts); !settled) return std::unexpected(settled.error());
  }
  decision.changes.emplace_back(std::move(container));
  return decision;
}

base::Result<Decision> decide_one(const State& state, const Disconnect& command, const Facts& facts) {
  const auto known = known_container(state, command.container);
  if (!known) return std::unexpected(known.error());
  Container container = **known;
  const auto network = state.find_network(command.network);
  // A network that is gone can still be named in a container that does not run, and must not stay there for ever.
  if (!network && !command.force && container.is_up()) return std::unexpected(network.error());
  const auto name = network ? (*network)->name : command.network;
  if (network && (*network)->driver == Driver::host && is_host_mode(container.spec.network_mode)) {
    return base::fail(ErrorKind::invalid,
                      "container cannot be disconnected from host network or connected to host network");
  }
  const auto at = std::ranges::find_if(container.attachments, [&](const Attachment& a) {
    return network ? a.network == (*network)->id || a.network_name == name : a.network_name == name;
  });
  if (at == container.attachments.end()) {
    return base::fail(ErrorKind::internal,
                      fmt::format("container {} is not connected to network {}", container.id.text(), name));
  }
  Decision decision;
  drop_endpoint(state, container, *at, facts.now, decision);
  container.attachments.erase(at);
  if (container.is_up()) {
    if (auto settled = settle_ports(state, container, facts); !settled) return std::unexpected(settled.error());
  }
  decision.changes.emplace_back(std::move(container));
  return decision;
}

}  // namespace fairlead::engine
