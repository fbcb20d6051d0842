#include "engine/name_view.h"

#include <fmt/format.h>

#include <algorithm>
#include <sstream>

#include "engine/parent_link.h"

namespace fairlead::engine {
namespace {

constexpr std::size_t kMostUpstreams = 3;  // as resolv.conf(5) and Docker

/// The default bridge, host and none know no names.
bool knows_names(const Network& network) {
  return !network.predefined && network.driver != Driver::host && network.driver != Driver::null;
}

std::vector<base::Ip> addresses_of(const Endpoint& endpoint) {
  std::vector<base::Ip> found;
  for (const auto& prefix : {endpoint.ipv4, endpoint.ipv6}) {
    if (prefix) found.push_back(prefix->address());
  }
  return found;
}

const Attachment* place_on(const Container& container, const NetworkId& network) {
  const auto found = std::ranges::find_if(container.attachments,
                                          [&](const Attachment& a) { return a.network == network && a.endpoint; });
  return found == container.attachments.end() ? nullptr : &*found;
}

void add_member(const Container& member, const Attachment& place, NetworkNames& out) {
  const auto addresses = addresses_of(*place.endpoint);
  const auto add = [&](const std::string& name) {
    if (name.empty()) return;
    out.names.add(name, addresses);
    out.names.add(fmt::format("{}.{}", name, out.network), addresses);
  };
  add(member.name);
  add(member.id.short_text());
  add(member.spec.hostname);
  for (const auto& alias : place.request.aliases) add(alias);
  for (const auto& address : addresses)
    out.reverse.emplace_back(address, fmt::format("{}.{}", member.name, out.network));
}

Shared<NetworkNames> names_of(const State& state, const Network& network) {
  auto names = std::make_shared<NetworkNames>();
  names->network = network.name;
  for (const auto& subnet : network.subnets) names->subnets.push_back(subnet.prefix);
  for (const auto& member : state.members(network.id)) add_member(*member, *place_on(*member, network.id), *names);
  std::ranges::sort(names->reverse);
  return names;
}

/// `NAME:ALIAS`, or `NAME` alone: what only the one who asked for it may call the other.
void add_link(const State& state, const NetworkId& network, const std::string& link, NameTable& out) {
  const auto colon = link.find(':');
  const auto target = state.find_container(link.substr(0, colon));
  if (!target || !(*target)->is_up()) return;
  const auto* place = place_on(**target, network);
  if (place)
    out.add(colon == std::string::npos ? (*target)->name : link.substr(colon + 1), addresses_of(*place->endpoint));
}

std::optional<Upstream> parse_upstream(const std::string& word) {
  const auto percent = word.find('%');
  const auto address = base::Ip::parse(word.substr(0, percent));
  if (!address || address->is_unspecified()) return std::nullopt;
  return Upstream{*address, percent == std::string::npos ? "" : word.substr(percent + 1)};
}

std::vector<Upstream> parse_upstreams(const std::vector<std::string>& words) {
  std::vector<Upstream> found;
  for (const auto& word : words) {
    if (found.size() == kMostUpstreams) break;
    if (auto one = parse_upstream(word); one && std::ranges::find(found, *one) == found.end())
      found.push_back(std::move(*one));
  }
  return found;
}

/// The sandbox's owner, while it lives in this very sandbox.
Shared<Container> owner_of(const State& state, const SandboxId& id) {
  const auto sandbox = state.sandbox(id);
  auto owner = sandbox ? state.container(sandbox->owner) : nullptr;
  return owner && owner->sandbox == id ? owner : nullptr;
}

void add_container(const State& state, const ContainerId& id, const Container* changed, NamesTouched& found) {
  const auto known = state.container(id);
  if (known && changed && known->attachments == changed->attachments && known->name == changed->name &&
      known->is_up() == changed->is_up() && known->sandbox == changed->sandbox)
    return;
  for (const auto* container : {known.get(), changed}) {
    if (!container) continue;
    for (const auto& attachment : container->attachments) found.networks.insert(attachment.network);
    if (container->sandbox) found.sandboxes.insert(*container->sandbox);
  }
}

}  // namespace

const NamedAddresses* NameView::find(std::string_view lower) const {
  if (const auto* linked = links.find(lower)) return linked;
  for (const auto& network : networks) {
    if (const auto* found = network->names.find(lower)) return found;
  }
  return nullptr;
}

const std::string* NameView::find(const base::Ip& address) const {
  for (const auto& network : networks) {
    const auto found =
        std::ranges::lower_bound(network->reverse, address, {}, [](const auto& entry) { return entry.first; });
    if (found != network->reverse.end() && found->first == address) return &found->second;
  }
  return nullptr;
}

bool NameView::is_local(const base::Ip& address) const {
  return std::ranges::any_of(networks, [&](const auto& network) {
    return std::ranges::any_of(network->subnets, [&](const base::Prefix& subnet) { return subnet.contains(address); });
  });
}

std::vector<Upstream> upstreams_of(const std::string& resolv_conf) {
  std::vector<std::string> servers;
  std::istringstream lines(resolv_conf);
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string key, server;
    if (words >> key >> server && key == "nameserver") servers.push_back(server);
  }
  return parse_upstreams(servers);
}

bool has_names(const State& state, const Container& container) {
  return std::ranges::any_of(container.attachments, [&](const Attachment& attachment) {
    const auto network = state.network(attachment.network);
    return network && knows_names(*network);
  });
}

bool has_names(const State& state, const SandboxId& sandbox) {
  const auto owner = owner_of(state, sandbox);
  return owner && has_names(state, *owner);
}

NameView name_view(const State& state, const SandboxId& sandbox, const std::vector<Upstream>& host,
                   NetworkNamesBook& book) {
  NameView view;
  const auto owner = owner_of(state, sandbox);
  if (!owner) return view;
  bool leads_out = false;
  for (const auto& attachment : owner->attachments) {
    const auto network = state.network(attachment.network);
    if (!network || !attachment.endpoint) continue;
    leads_out = leads_out || !leads_nowhere(*network);
    if (!knows_names(*network)) continue;
    auto& names = book[network->id];
    if (!names) names = names_of(state, *network);
    view.networks.push_back(names);
    for (const auto* links : {&attachment.request.links, &owner->spec.links}) {
      for (const auto& link : *links) add_link(state, network->id, link, view.links);
    }
  }
  if (!leads_out) return view;
  const auto& daemon = state.settings().dns;
  view.upstreams = !owner->spec.dns.empty() ? parse_upstreams(owner->spec.dns)
                   : !daemon.empty()        ? parse_upstreams(daemon)
                                            : host;
  if (view.upstreams.size() > kMostUpstreams) view.upstreams.resize(kMostUpstreams);
  for (const auto& server : view.upstreams) view.upstream_key += server.address.text() + '%' + server.zone + ' ';
  return view;
}

NamesTouched names_touched(const State& state, const std::vector<Change>& changes) {
  NamesTouched found;
  for (const auto& change : changes) {
    if (const auto* network = std::get_if<Network>(&change)) {
      const auto known = state.network(network->id);
      if (known && (known->name != network->name || known->internal != network->internal))
        found.networks.insert(network->id);
    }
    if (const auto* container = std::get_if<Container>(&change)) add_container(state, container->id, container, found);
    if (const auto* sandbox = std::get_if<Sandbox>(&change)) found.sandboxes.insert(sandbox->id);
    if (const auto* gone = std::get_if<Erase>(&change)) {
      if (const auto* network = std::get_if<NetworkId>(&gone->key)) found.networks.insert(*network);
      if (const auto* container = std::get_if<ContainerId>(&gone->key))
        add_container(state, *container, nullptr, found);
      if (const auto* sandbox = std::get_if<SandboxId>(&gone->key)) found.sandboxes.insert(*sandbox);
    }
  }
  for (const auto& id : found.networks) {
    for (const auto& member : state.members(id)) {
      if (member->sandbox) found.sandboxes.insert(*member->sandbox);
    }
  }
  return found;
}

}  // namespace fairlead::engine
