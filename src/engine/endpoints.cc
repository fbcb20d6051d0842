#include "engine/endpoints.h"

#include <fmt/format.h>

#include <algorithm>

#include "engine/address_pool.h"
#include "engine/event_of.h"

namespace fairlead::engine {
namespace {

using base::ErrorKind;

std::unexpected<base::Error> cannot_set_up(ErrorKind kind, const std::string& why) {
  return base::fail(kind, "failed to set up container networking: " + why);
}

/// The network as this decision leaves it so far: two endpoints of one start may draw from the same network.
Network current(const Shared<Network>& network, const Decision& decision) {
  for (const auto& change : decision.changes) {
    const auto* changed = std::get_if<Network>(&change);
    if (changed && changed->id == network->id) return *changed;
  }
  return *network;
}

void record(const Network& network, Decision& decision) {
  for (auto& change : decision.changes) {
    auto* changed = std::get_if<Network>(&change);
    if (changed && changed->id == network.id) {
      *changed = network;
      return;
    }
  }
  decision.changes.emplace_back(network);
}

base::Result<base::Prefix> take_static(const State& state, const Network& network, const Container& container,
                                       const base::Ip& address) {
  const auto holder = state.holder(network.id, address, container.id);
  const auto subnet =
      std::ranges::find_if(network.subnets, [&](const Subnet& s) { return s.prefix.contains(address); });
  if (subnet == network.subnets.end()) {
    return cannot_set_up(ErrorKind::invalid,
                         fmt::format("no configured subnet or ip-range contain the IP address {}", address.text()));
  }
  if (!is_assignable(*subnet, address)) {
    return cannot_set_up(ErrorKind::forbidden, fmt::format("Address already in use: {} is reserved in network {}",
                                                           address.text(), network.name));
  }
  // Of two stopped containers that asked for the same address the older one has it.
  const bool lives = holder && holder->is_up();
  const bool older = holder && std::tie(holder->created, holder->id) < std::tie(container.created, container.id);
  if (lives || older) {
    return cannot_set_up(ErrorKind::forbidden, fmt::format("Address already in use: {} belongs to container {}",
                                                           address.text(), holder->name));
  }
  return base::Prefix(address, subnet->prefix.length());
}

base::Result<base::Prefix> take_free(const State& state, Network& network, const Container& container,
                                     const std::optional<base::Ip>& last, Decision& decision) {
  const auto is_taken = [&](const base::Ip& ip) { return state.holder(network.id, ip, container.id) != nullptr; };
  for (const auto& subnet : network.subnets) {
    const auto& pool = subnet.range ? *subnet.range : subnet.prefix;
    if (last && pool.contains(*last) && is_assignable(subnet, *last) && !is_taken(*last)) {
      return base::Prefix(*last, subnet.prefix.length());
    }
  }
  for (auto& subnet : network.subnets) {
    const auto address = next_address(subnet, is_taken);
    if (!address) continue;
    subnet.cursor = address;
    record(network, decision);
    return base::Prefix(*address, subnet.prefix.length());
  }
  return cannot_set_up(ErrorKind::internal,
                       fmt::format("no available IPv4 addresses on this network's address pools: {} ({})", network.name,
                                   network.id.text()));
}

bool is_used(const State& state, const std::string& host_link) {
  for (const auto& [id, container] : state.containers()) {
    for (const auto& attachment : container->attachments) {
      if (attachment.endpoint && attachment.endpoint->host_link == host_link) return true;
    }
  }
  return false;
}

std::string free_interface(const Container& container) {
  for (int n = 0;; ++n) {
    const auto name = fmt::format("eth{}", n);
    const bool used = std::ranges::any_of(
        container.attachments, [&](const Attachment& a) { return a.endpoint && a.endpoint->interface == name; });
    if (!used) return name;
  }
}

}  // namespace

base::Result<void> take_endpoint(const State& state, Container& container, std::size_t index, const Facts& facts,
                                 Decision& decision) {
  auto& attachment = container.attachments[index];
  auto known = state.network(attachment.network);
  if (!known) {
    // It may have been made, or made anew under the same name, since the container was.
    const auto found = state.find_network(attachment.network_name);
    if (!found) return cannot_set_up(found.error().kind, found.error().text);
    known = *found;
    attachment.network = known->id;
    attachment.network_name = known->name;
  }
  Network network = current(known, decision);
  Endpoint endpoint;
  endpoint.id = EndpointId::from(facts.entropy());
  if (network.driver == Driver::bridge) {
    const auto address = attachment.request.ipv4 ? take_static(state, network, container, *attachment.request.ipv4)
                                                 : take_free(state, network, container, attachment.last_ipv4, decision);
    if (!address) return std::unexpected(address.error());
    endpoint.ipv4 = *address;
    endpoint.mac = attachment.request.mac.value_or(
        index == 0 && container.spec.mac ? *container.spec.mac : base::Mac::from_ipv4(address->address()));
    endpoint.interface = free_interface(container);
    do {
      endpoint.host_link = "veth" + endpoint.id.text().substr(0, 7);
      if (is_used(state, endpoint.host_link)) endpoint.id = EndpointId::from(facts.entropy());
    } while (endpoint.host_link != "veth" + endpoint.id.text().substr(0, 7));
    attachment.last_ipv4 = address->address();
  }
  attachment.endpoint = std::move(endpoint);
  decision.events.push_back(connection_event(network, container, "connect", facts.now));
  return {};
}

void drop_endpoint(const State& state, Container& container, Attachment& attachment, ports::Time at,
                   Decision& decision) {
  if (!attachment.endpoint) return;
  attachment.endpoint.reset();
  if (const auto network = state.network(attachment.network)) {
    decision.events.push_back(connection_event(*network, container, "disconnect", at));
  }
}

void give_back(const State& state, Container& container, ports::Time at, Decision& decision) {
  for (auto& attachment : container.attachments) drop_endpoint(state, container, attachment, at, decision);
  if (!container.sandbox) return;
  if (const auto known = state.sandbox(*container.sandbox)) {
    Sandbox sandbox = *known;
    sandbox.users.erase(container.id);
    if (sandbox.users.empty())
      decision.changes.emplace_back(Erase{sandbox.id});
    else
      decision.changes.emplace_back(std::move(sandbox));
  }
  container.sandbox.reset();
}

}  // namespace fairlead::engine
