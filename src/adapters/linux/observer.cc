#include "adapters/linux/observer.h"

#include <linux/rtnetlink.h>

#include <algorithm>

#include "adapters/linux/applier.h"
#include "adapters/linux/link_kind.h"
#include "adapters/linux/mark.h"
#include "adapters/linux/netns.h"
#include "adapters/linux/snapshot.h"
#include "adapters/linux/sysctl.h"

namespace fairlead::linuxnet {
namespace {

using Links = std::vector<wire::LinkRecord>;

const wire::LinkRecord* by_name(const Links& links, const std::string& name) {
  const auto found = std::ranges::find(links, name, &wire::LinkRecord::name);
  return found == links.end() || found->group == condemned_group ? nullptr : &*found;
}

std::string name_of(const Links& links, std::uint32_t index) {
  const auto found = std::ranges::find(links, index, &wire::LinkRecord::index);
  return found == links.end() ? std::string() : found->name;
}

/// Attributes that can be read off the link itself; those that `wanted` leaves to the kernel stay so.
ports::Link as_found(const ports::Link& wanted, const wire::LinkRecord& found, const Links& links) {
  ports::Link link = wanted;
  if (wanted.mtu != 0) link.mtu = found.mtu;
  if (wanted.mac) link.mac = found.mac;
  link.master = found.master == 0 ? std::string() : name_of(links, found.master);
  link.alias = found.alias;
  return link;
}

/// What every link says of itself; its kind is still to be told.
ports::Link as_marked(const wire::LinkRecord& record, const ports::NetnsName& netns) {
  ports::Link link{.key = {netns, record.name}, .mtu = record.mtu};
  link.mac = record.mac;
  link.alias = record.alias;
  return link;
}

}  // namespace

base::Result<Observer::Sight*> Observer::sight(const ports::NetnsName& name) {
  const auto [entry, fresh] = sights_.try_emplace(name);
  if (fresh) {
    auto place = places_.find(name);
    if (!place) return std::unexpected(place.error());
    entry->second.place = *place;
  }
  return &entry->second;
}

base::Result<const Links*> Observer::links(const ports::NetnsName& name) {
  auto seen = sight(name);
  if (!seen) return std::unexpected(seen.error());
  if (!(*seen)->links) {
    if ((*seen)->place == nullptr) {
      (*seen)->links.emplace();
    } else {
      auto read = read_links((*seen)->place->socket);
      if (!read) return std::unexpected(read.error());
      (*seen)->links = std::move(*read);
    }
  }
  return &*(*seen)->links;
}

base::Result<const std::vector<wire::RouteRecord>*> Observer::routes(Sight& sight) {
  if (!sight.routes) {
    auto read = read_routes(sight.place->socket);
    if (!read) return std::unexpected(read.error());
    sight.routes = std::move(*read);
  }
  return &*sight.routes;
}

base::Result<std::vector<ports::Object>> Observer::observe(const std::vector<ports::Object>& wanted) {
  std::vector<ports::Object> found;
  for (const auto& object : wanted) {
    auto one = std::visit(
        [&]<class T>(const T& what) -> Found {
          constexpr bool is_firewall =
              std::is_same_v<T, ports::FirewallSkeleton> || std::is_same_v<T, ports::FirewallElement>;
          if constexpr (is_firewall) {
            return std::optional<ports::Object>{};
          } else {
            return find(what);
          }
        },
        object);
    if (!one) {
      one.error().context = "observing " + ports::describe(object);
      return std::unexpected(one.error());
    }
    if (*one) found.push_back(std::move(**one));
  }
  return found;
}

Observer::Found Observer::find(const ports::Netns& netns) {
  auto seen = sight(netns.name);
  if (!seen) return std::unexpected(seen.error());
  if ((*seen)->place == nullptr) return std::nullopt;
  return netns;
}

Observer::Found Observer::find(const ports::Link& wanted) {
  auto all = links(wanted.key.netns);
  if (!all) return std::unexpected(all.error());
  const auto* found = by_name(**all, wanted.key.name);
  if (found == nullptr) return std::nullopt;
  if (std::holds_alternative<ports::LoopbackLink>(wanted.kind)) {
    return found->up ? std::optional<ports::Object>(wanted) : std::nullopt;
  }
  auto link = as_found(wanted, *found, **all);
  if (!is_ours(*found)) return link;
  if (!found->up) return std::nullopt;
  if (const auto* veth = std::get_if<ports::VethLink>(&wanted.kind); veth != nullptr && found->kind == "veth") {
    auto pair = find_veth(*veth, *found);
    if (!pair) return std::unexpected(pair.error());
    if (!*pair) return std::nullopt;
    link.kind = **pair;
  }
  if (!ports::parent_of(wanted).empty()) {
    auto below = links({});
    if (!below) return std::unexpected(below.error());
    auto kind = child_kind(*found, name_of(**below, found->peer_index));
    if (!kind) return std::nullopt;
    link.kind = *std::move(kind);
  }
  return link;
}

base::Result<std::optional<ports::VethLink>> Observer::find_veth(const ports::VethLink& wanted,
                                                                 const wire::LinkRecord& found) {
  auto there = links(wanted.peer.netns);
  if (!there) return std::unexpected(there.error());
  const auto* far_end = by_name(**there, wanted.peer.name);
  ports::VethLink veth = wanted;
  if (found.master != 0) {
    veth.hairpin = found.hairpin;
    veth.isolated = found.isolated;
  }
  if (far_end == nullptr || far_end->index != found.peer_index || far_end->peer_index != found.index) {
    veth.peer = {};  // it leads elsewhere
    return veth;
  }
  if (!far_end->up) return std::nullopt;
  if (!wanted.peer_mac.is_zero()) veth.peer_mac = far_end->mac.value_or(base::Mac{});
  return veth;
}

Observer::Found Observer::find(const ports::Address& wanted) {
  auto all = links(wanted.link.netns);
  if (!all) return std::unexpected(all.error());
  const auto* link = by_name(**all, wanted.link.name);
  if (link == nullptr) return std::nullopt;
  auto seen = sight(wanted.link.netns);
  if (!(*seen)->addresses) {
    auto read = read_addresses((*seen)->place->socket);
    if (!read) return std::unexpected(read.error());
    (*seen)->addresses = std::move(*read);
  }
  const bool there = std::ranges::any_of(*(*seen)->addresses, [&](const auto& address) {
    return address.index == link->index && address.prefix == wanted.prefix;
  });
  if (!there) return std::nullopt;
  auto lacking = lacks_subnet_route(wanted, *link);
  if (!lacking) return std::unexpected(lacking.error());
  return *lacking ? std::nullopt : std::optional<ports::Object>(wanted);
}

/// In a namespace that is ours nobody else is at work; and without its link no address has a route.
base::Result<bool> Observer::lacks_subnet_route(const ports::Address& address, const wire::LinkRecord& link) {
  const bool is_single = address.prefix.length() == address.prefix.address().bits();
  if (!address.link.netns.empty() || is_single || !link.up) return false;
  auto seen = sight(address.link.netns);
  if (!seen) return std::unexpected(seen.error());
  auto all = routes(**seen);
  if (!all) return std::unexpected(all.error());
  return std::ranges::none_of(**all, [&](const wire::RouteRecord& route) {
    return route.device == link.index && route.destination == address.prefix.network();
  });
}

Observer::Found Observer::find(const ports::Route& wanted) {
  auto all = links(wanted.netns);
  if (!all) return std::unexpected(all.error());
  auto seen = sight(wanted.netns);
  if ((*seen)->place == nullptr) return std::nullopt;
  auto known = routes(**seen);
  if (!known) return std::unexpected(known.error());
  const auto* found = find_route(**known, wanted);
  if (found == nullptr) return std::nullopt;
  ports::Route route = wanted;
  route.via = found->via;
  if (!wanted.device.empty()) route.device = name_of(**all, found->device);
  return route;
}

Observer::Found Observer::find(const ports::Sysctl& wanted) {
  auto seen = sight(wanted.netns);
  if (!seen) return std::unexpected(seen.error());
  if ((*seen)->place == nullptr) return std::nullopt;
  std::optional<std::string> value;
  auto read = inside_netns((*seen)->place->netns, [&]() -> base::Result<void> {
    auto text = read_sysctl(wanted.key);
    if (!text) return std::unexpected(text.error());
    value = std::move(*text);
    return {};
  });
  if (!read) return std::unexpected(read.error());
  if (!value) return std::nullopt;
  return ports::Sysctl{wanted.netns, wanted.key, *value};
}

base::Result<std::vector<ports::Object>> Observer::marked_links(const std::string& alias_prefix) {
  auto all = links({});
  if (!all) return std::unexpected(all.error());
  std::vector<ports::Object> found;
  for (const auto& record : **all) {
    const bool ours = is_ours(record) && record.alias.starts_with(alias_prefix) && record.group != condemned_group;
    if (!ours) continue;
    auto link = as_marked(record, {});
    if (record.kind == "veth") link.kind = ports::VethLink{.hairpin = record.hairpin, .isolated = record.isolated};
    if (record.kind == "bridge") link.kind = ports::BridgeLink{};
    link.master = record.master == 0 ? std::string() : name_of(**all, record.master);
    auto child = child_kind(record, name_of(**all, record.peer_index));
    if (child) link.kind = *std::move(child);
    // The far end of a pair within this namespace goes with the near one; a kind we never make is not ours.
    if (record.kind == "veth" || record.kind == "bridge" || child) found.emplace_back(std::move(link));
  }
  return found;
}

base::Result<std::vector<ports::Object>> Observer::marked_children(const std::string& alias_prefix,
                                                                   const ports::NetnsName& netns) {
  std::vector<ports::Object> found;
  auto seen = sight(netns);
  if (!seen) return std::unexpected(seen.error());
  if ((*seen)->place == nullptr) return found;
  auto all = links(netns);
  if (!all) return std::unexpected(all.error());
  auto below = links({});
  if (!below) return std::unexpected(below.error());
  for (const auto& record : **all) {
    auto kind = child_kind(record, name_of(**below, record.peer_index));
    if (!kind || !is_ours(record) || !record.alias.starts_with(alias_prefix)) continue;
    auto link = as_marked(record, netns);
    link.kind = *std::move(kind);
    found.emplace_back(std::move(link));
  }
  return found;
}

base::Result<std::vector<ports::Object>> Observer::own_routes() {
  auto all = links({});
  if (!all) return std::unexpected(all.error());
  auto seen = sight({});
  if (!seen) return std::unexpected(seen.error());
  auto known = routes(**seen);
  if (!known) return std::unexpected(known.error());
  std::vector<ports::Object> found;
  for (const auto& record : **known) {
    if (record.protocol != route_protocol || record.table != RT_TABLE_MAIN) continue;
    found.emplace_back(ports::Route{.destination = record.destination,
                                    .via = record.via,
                                    .device = name_of(**all, record.device),
                                    .metric = record.metric});
  }
  return found;
}

}  // namespace fairlead::linuxnet
