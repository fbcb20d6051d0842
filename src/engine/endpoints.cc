#include "engine/endpoints.h"

#include <fmt/format.h>

#include <algorithm>

#include "engine/address_pool.h"
#include "engine/endpoint_rules.h"
#include "engine/event_of.h"
#include "engine/interface_name.h"
#include "engine/local_mac.h"
#include "engine/parent_link.h"

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
                                     base::Family family, const std::optional<base::Ip>& last, Decision& decision) {
  const auto is_taken = [&](const base::Ip& ip) { return state.holder(network.id, ip, container.id) != nullptr; };
  for (auto& subnet : network.subnets) {
    if (subnet.prefix.family() != family) continue;
    const auto& pool = subnet.range ? *subnet.range : subnet.prefix;
    if (last && pool.contains(*last) && is_assignable(subnet, *last) && !is_taken(*last)) {
      return base::Prefix(*last, subnet.prefix.length());
    }
    const auto address = next_address(subnet, is_taken);
    if (!address) continue;
    subnet.cursor = address;
    record(network, decision);
    return base::Prefix(*address, subnet.prefix.length());
  }
  return cannot_set_up(ErrorKind::internal,
                       fmt::format("no available {} addresses on this network's address pools: "
                                   "{} ({})",
                                   family == base::Family::v4 ? "IPv4" : "IPv6", network.name, network.id.text()));
}

/// An address of one family, the one asked for or the next that is free; none where the network has no such subnet.
base::Result<std::optional<base::Prefix>> take_address(const State& state, Network& network, const Container& container,
                                                       const Attachment& attachment, base::Family family,
                                                       Decision& decision) {
  const bool v4 = family == base::Family::v4;
  const auto& asked = v4 ? attachment.request.ipv4 : attachment.request.ipv6;
  if (!asked && !subnet_of(network, family)) return std::nullopt;
  return asked
             ? take_static(state, network, container, *asked)
             : take_free(state, network, container, family, v4 ? attachment.last_ipv4 : attachment.last_ipv6, decision);
}

/// What was asked for, else what the IPv4 address decides, else one out of the endpoint's id.
base::Mac mac_for(const Container& container, std::size_t index, const Endpoint& endpoint) {
  const auto& asked = container.attachments[index].request.mac;
  if (asked) return *asked;
  if (index == 0 && container.spec.mac) return *container.spec.mac;
  if (endpoint.ipv4) return base::Mac::from_ipv4(endpoint.ipv4->address());
  return local_mac(endpoint.id.text());
}

std::string host_link_of(const EndpointId& id) {
  return "veth" + id.text().substr(0, 7);
}

bool is_used(const State& state, const std::string& host_link) {
  for (const auto& [id, container] : state.containers()) {
    for (const auto& attachment : container->attachments) {
      if (attachment.endpoint && attachment.endpoint->host_link == host_link) return true;
    }
  }
  return false;
}

/// An id whose host link nobody has.
EndpointId fresh_endpoint(const State& state, const Facts& facts) {
  for (;;) {
    auto id = EndpointId::from(facts.entropy());
    if (!is_used(state, host_link_of(id))) return id;
  }
}

/// What an endpoint on a parent cannot have.
base::Result<void> check_on_parent(const State& state, const Network& network, const Container& container,
                                   const Attachment& attachment) {
  if (!has_parent(network)) return {};
  if (network.driver == Driver::ipvlan && attachment.request.mac)
    return cannot_set_up(ErrorKind::invalid, "ipvlan interfaces do not support custom mac address assignment");
  if (auto seat = check_seat(state, network, container); !seat)
    return cannot_set_up(seat.error().kind, seat.error().text);
  return {};
}

base::Result<void> fill_endpoint(const State& state, Network& network, Container& container, std::size_t index,
                                 const Facts& facts, Decision& decision) {
  auto& attachment = container.attachments[index];
  if (auto fits = check_on_parent(state, network, container, attachment); !fits) return fits;
  Endpoint endpoint{.id = fresh_endpoint(state, facts)};
  const auto ipv4 = take_address(state, network, container, attachment, base::Family::v4, decision);
  if (!ipv4) return std::unexpected(ipv4.error());
  const auto ipv6 = take_address(state, network, container, attachment, base::Family::v6, decision);
  if (!ipv6) return std::unexpected(ipv6.error());
  auto interface = settle_interface(container, index, network);
  if (!interface) return cannot_set_up(interface.error().kind, interface.error().text);
  endpoint.ipv4 = *ipv4;
  endpoint.ipv6 = *ipv6;
  endpoint.interface = *std::move(interface);
  if (network.driver == Driver::bridge) endpoint.host_link = host_link_of(endpoint.id);
  const auto dictated = has_parent(network) && !attachment.request.mac ? dictated_mac(network) : std::nullopt;
  endpoint.mac = dictated ? *dictated : mac_for(container, index, endpoint);
  if (*ipv4) attachment.last_ipv4 = (*ipv4)->address();
  if (*ipv6) attachment.last_ipv6 = (*ipv6)->address();
  attachment.last_interface = endpoint.interface;
  attachment.endpoint = std::move(endpoint);
  return {};
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
  if (known->config_only) return cannot_set_up(ErrorKind::forbidden, kConfigurationOnly);
  Network network = current(known, decision);
  if (network.driver == Driver::bridge || has_parent(network)) {
    auto filled = fill_endpoint(state, network, container, index, facts, decision);
    if (!filled) return filled;
  } else {
    attachment.endpoint = Endpoint{.id = EndpointId::from(facts.entropy())};
  }
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
  container.published.clear();
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
