#include "engine/state.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <tuple>

namespace fairlead::engine {
namespace {

template <class Map, class Key>
typename Map::mapped_type look_up(const Map& map, const Key& key) {
  const auto found = map.find(key);
  return found == map.end() ? nullptr : found->second;
}

template <class Id>
const std::string& text_of(const Id& id) {
  return id.text();
}

/// The records whose id begins with `prefix`; at most two, since more say nothing more.
template <class Map>
std::vector<typename Map::mapped_type> with_prefix(const Map& map, std::string_view prefix) {
  std::vector<typename Map::mapped_type> found;
  for (auto at = std::ranges::partition_point(map, [&](const auto& entry) { return text_of(entry.first) < prefix; });
       at != map.end() && text_of(at->first).starts_with(prefix) && found.size() < 2; ++at) {
    found.push_back(at->second);
  }
  return found;
}

/// What a container keeps others from: where it lives, else what it asked for.
std::vector<base::Ip> claimed(const Attachment& attachment) {
  std::vector<base::Ip> addresses;
  const auto add = [&](const std::optional<base::Prefix>& lives_at, const std::optional<base::Ip>& asked) {
    if (lives_at)
      addresses.push_back(lives_at->address());
    else if (asked)
      addresses.push_back(*asked);
  };
  const auto* endpoint = attachment.endpoint ? &*attachment.endpoint : nullptr;
  add(endpoint ? endpoint->ipv4 : std::nullopt, attachment.request.ipv4);
  add(endpoint ? endpoint->ipv6 : std::nullopt, attachment.request.ipv6);
  return addresses;
}

bool lives_on(const Container& container, const NetworkId& network) {
  return std::ranges::any_of(container.attachments,
                             [&](const Attachment& a) { return a.network == network && a.endpoint; });
}

}  // namespace

State::State(Settings settings) : settings_(std::make_shared<const Settings>(std::move(settings))) {}

void State::set_settings(Settings settings) {
  settings_ = std::make_shared<const Settings>(std::move(settings));
}

Shared<Network> State::network(const NetworkId& id) const {
  return look_up(networks_, id);
}
Shared<Container> State::container(const ContainerId& id) const {
  return look_up(containers_, id);
}
Shared<Sandbox> State::sandbox(const SandboxId& id) const {
  return look_up(sandboxes_, id);
}

base::Result<Shared<Network>> State::find_network(const std::string& reference) const {
  if (const auto id = NetworkId::parse(reference)) {
    if (auto exact = network(*id)) return exact;
  }
  if (const auto named = network_names_.find(reference); named != network_names_.end()) return network(named->second);
  const auto found = reference.empty() ? std::vector<Shared<Network>>{} : with_prefix(networks_, reference);
  if (found.size() == 1) return found[0];
  if (found.size() > 1) {
    return base::fail(base::ErrorKind::invalid,
                      fmt::format("network {} is ambiguous (several matches found based on ID prefix)", reference));
  }
  return base::fail(base::ErrorKind::not_found, fmt::format("network {} not found", reference));
}

base::Result<Shared<Container>> State::find_container(const std::string& reference) const {
  const std::string name = reference.starts_with('/') ? reference.substr(1) : reference;
  if (const auto id = ContainerId::parse(name)) {
    if (auto exact = container(*id)) return exact;
  }
  if (const auto named = container_names_.find(name); named != container_names_.end()) return container(named->second);
  const auto found = name.empty() ? std::vector<Shared<Container>>{} : with_prefix(containers_, name);
  if (found.size() == 1) return found[0];
  if (found.size() > 1) {
    return base::fail(base::ErrorKind::invalid, "multiple IDs found with provided prefix: " + reference);
  }
  return base::fail(base::ErrorKind::not_found, "No such container: " + reference);
}

std::vector<Shared<Container>> State::members(const NetworkId& id) const {
  std::vector<Shared<Container>> found;
  for (const auto& [key, container] : containers_) {
    if (container->is_up() && lives_on(*container, id)) found.push_back(container);
  }
  return found;
}

Shared<Container> State::first_claim(const NetworkId& id, const std::set<ContainerId>& claims,
                                     const ContainerId& except) const {
  Shared<Container> best;
  const auto rank = [&](const Container& c) { return std::tuple(!lives_on(c, id), c.created, c.id); };
  for (const auto& claim : claims) {
    if (claim == except) continue;
    if (auto candidate = container(claim); !best || rank(*candidate) < rank(*best)) best = std::move(candidate);
  }
  return best;
}

Shared<Container> State::holder(const NetworkId& id, const base::Ip& address, const ContainerId& except) const {
  const auto claims = claims_.find(id);
  if (claims == claims_.end()) return nullptr;
  const auto at = claims->second.find(address);
  return at == claims->second.end() ? nullptr : first_claim(id, at->second, except);
}

std::map<base::Ip, ContainerId> State::used_addresses(const NetworkId& id) const {
  std::map<base::Ip, ContainerId> used;
  const auto claims = claims_.find(id);
  if (claims == claims_.end()) return used;
  for (const auto& [address, holders] : claims->second) used.emplace(address, first_claim(id, holders, {})->id);
  return used;
}

Shared<Container> State::publisher(const ports::HostPort& port, const ContainerId& except) const {
  const auto [first, last] = publishers_.equal_range(ports::slot(port));
  const auto at = std::find_if(first, last, [&](const auto& entry) {
    return entry.second.id != except && ports::meet(entry.second.port, port);
  });
  return at == last ? nullptr : container(at->second.id);
}

void State::drop_names(const Container& container) {
  for (const auto& published : container.published) {
    const auto [first, last] = publishers_.equal_range(ports::slot(published.host));
    const auto own = std::find_if(first, last, [&](const auto& entry) {
      return entry.second.id == container.id && entry.second.port == published.host;
    });
    if (own != last) publishers_.erase(own);
  }
  if (const auto named = container_names_.find(container.name);
      named != container_names_.end() && named->second == container.id) {
    container_names_.erase(named);
  }
  for (const auto& attachment : container.attachments) {
    const auto claims = claims_.find(attachment.network);
    if (claims == claims_.end()) continue;
    for (const auto& address : claimed(attachment)) {
      const auto at = claims->second.find(address);
      if (at == claims->second.end()) continue;
      at->second.erase(container.id);
      if (at->second.empty()) claims->second.erase(at);
    }
    if (claims->second.empty()) claims_.erase(claims);
  }
}

void State::put(const Network& network) {
  erase(network.id);
  network_names_[network.name] = network.id;
  networks_[network.id] = std::make_shared<const Network>(network);
}

void State::put(const Container& container) {
  erase(container.id);
  container_names_[container.name] = container.id;
  for (const auto& attachment : container.attachments) {
    for (const auto& address : claimed(attachment)) claims_[attachment.network][address].insert(container.id);
  }
  for (const auto& [port, inside, chosen] : container.published) {
    if (port.number != 0) publishers_.emplace(ports::slot(port), Publisher{port, container.id});
  }
  containers_[container.id] = std::make_shared<const Container>(container);
}

void State::erase(const NetworkId& id) {
  const auto at = networks_.find(id);
  if (at == networks_.end()) return;
  if (const auto named = network_names_.find(at->second->name); named != network_names_.end() && named->second == id) {
    network_names_.erase(named);
  }
  networks_.erase(at);
}

void State::erase(const ContainerId& id) {
  const auto at = containers_.find(id);
  if (at == containers_.end()) return;
  drop_names(*at->second);
  containers_.erase(at);
}

void State::apply(const Change& change) {
  if (const auto* network = std::get_if<Network>(&change)) put(*network);
  if (const auto* container = std::get_if<Container>(&change)) put(*container);
  if (const auto* sandbox = std::get_if<Sandbox>(&change)) {
    sandboxes_[sandbox->id] = std::make_shared<const Sandbox>(*sandbox);
  }
  if (const auto* host = std::get_if<HostRecord>(&change)) host_ = *host;
  if (const auto* gone = std::get_if<Erase>(&change)) {
    if (const auto* id = std::get_if<NetworkId>(&gone->key)) erase(*id);
    if (const auto* id = std::get_if<ContainerId>(&gone->key)) erase(*id);
    if (const auto* id = std::get_if<SandboxId>(&gone->key)) sandboxes_.erase(*id);
  }
}

}  // namespace fairlead::engine
