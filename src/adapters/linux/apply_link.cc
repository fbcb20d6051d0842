#include <fmt/format.h>
#include <net/if.h>

#include <cerrno>
#include <system_error>

#include "adapters/linux/applier.h"
#include "adapters/linux/link_kind.h"
#include "adapters/linux/mark.h"
#include "base/log.h"

namespace fairlead::linuxnet {
namespace {

const ports::VethLink* veth_of(const ports::Link& link) {
  return std::get_if<ports::VethLink>(&link.kind);
}
bool is_loopback(const ports::Link& link) {
  return std::holds_alternative<ports::LoopbackLink>(link.kind);
}

bool is_child(const ports::Link& link) {
  return !ports::parent_of(link).empty();
}

/// Kernels before 6.15 make a child in its parent's namespace and carry it over: what has its name there is in the way,
/// and it arrives down.
bool comes_from_home(const ports::Link& link) {
  return is_child(link) && !link.key.netns.empty();
}

base::Result<void> check_name(const std::string& name) {
  const bool wrong = name.empty() || name.size() > 15 || name == "." || name == ".." ||
                     name.find_first_of(std::string_view("/: \t\n\v\f\r\0", 9)) != std::string::npos;
  if (wrong) return base::fail(base::ErrorKind::invalid, fmt::format("invalid interface name \"{}\"", name));
  return {};
}

base::Result<void> check(const ports::Link& link) {
  if (auto named = check_name(link.key.name); !named) return named;
  if (const auto* veth = veth_of(link)) {
    if (auto named = check_name(veth->peer.name); !named) return named;
  }
  if (!link.alias.starts_with(alias_mark) || link.alias.size() > 255) {
    return base::fail(base::ErrorKind::invalid, fmt::format("invalid alias \"{}\"", link.alias));
  }
  return {};
}

base::Result<void> unsupported(const ports::Link& link) {
  return base::fail(
      base::ErrorKind::internal,
      fmt::format("this kernel has no {}: it was built without it, or its module cannot be loaded", kernel_kind(link)));
}

base::Result<void> result_of(const Ack& ack, std::string_view what) {
  if (ack.error == 0) return {};
  const auto meaning = std::generic_category().message(ack.error);
  return base::fail(base::ErrorKind::internal, ack.reason.empty()
                                                   ? fmt::format("{}: {}", what, meaning)
                                                   : fmt::format("{}: {} ({})", what, meaning, ack.reason));
}

}  // namespace

base::Result<void> Applier::make(const ports::Link& link) {
  if (is_loopback(link)) return make_loopback(link);
  if (auto right = check(link); !right) return right;
  if (auto sent = flush(); !sent) return sent;
  if (const auto* veth = veth_of(link)) return make_veth(link, *veth);
  if (is_child(link)) return make_child(link);
  return make_bridge(link);
}

base::Result<void> Applier::make_loopback(const ports::Link& link) {
  constexpr std::uint32_t loopback_index = 1;  // in every namespace
  return expect_set(link.key.netns, loopback_index, {.up = true});
}

base::Result<void> Applier::expect_set(const ports::NetnsName& netns, std::uint32_t index,
                                       const wire::LinkAttributes& attributes) {
  auto batch = batch_for(netns);
  if (!batch) return std::unexpected(batch.error());
  wire::put_set_link(**batch, index, attributes);
  expect({.step = at_});
  return {};
}

base::Result<void> Applier::expect_port(const ports::Link& link, std::uint32_t index) {
  const auto* veth = veth_of(link);
  auto batch = batch_for(link.key.netns);
  if (!batch) return std::unexpected(batch.error());
  wire::put_set_bridge_port(**batch, index, veth->hairpin, veth->isolated);
  expect({.step = at_});
  return {};
}

base::Result<wire::LinkAttributes> Applier::attributes_of(const ports::Link& link) {
  wire::LinkAttributes attributes{.group = 0, .mac = link.mac, .alias = link.alias, .up = true};
  if (link.mtu != 0) attributes.mtu = link.mtu;
  if (!link.master.empty()) {
    auto master = look_up({link.key.netns, link.master});
    if (!master) return std::unexpected(master.error());
    if (!*master) return base::fail(base::ErrorKind::not_found, fmt::format("there is no bridge {}", link.master));
    attributes.master = (*master)->index;
  }
  return attributes;
}

base::Result<void> Applier::make_bridge(const ports::Link& link) {
  auto attributes = attributes_of(link);
  if (!attributes) return std::unexpected(attributes.error());
  attributes->group = nascent_group;
  return create(link, [&](wire::NetlinkBatch& batch, const std::string& name) {
    wire::put_new_bridge(batch, name, *attributes);
  });
}

base::Result<void> Applier::make_veth(const ports::Link& link, const ports::VethLink& veth) {
  auto attributes = attributes_of(link);
  if (!attributes) return std::unexpected(attributes.error());
  auto other_side = place(veth.peer.netns);
  if (!other_side) return std::unexpected(other_side.error());
  attributes->group = nascent_group;
  wire::VethPeer peer{veth.peer.name, veth.peer_mac, attributes->mtu, -1};
  if (veth.peer.netns != link.key.netns) peer.netns_fd = (*other_side)->netns.get();
  auto made = create(link, [&](wire::NetlinkBatch& batch, const std::string& name) {
    wire::put_new_veth(batch, name, *attributes, peer);
  });
  if (!made) return made;
  if (!undo_[at_]) return {};  // it was there
  const auto& host_end = known_.at(link.key);
  if (veth.hairpin || veth.isolated) {
    if (auto port = expect_port(link, host_end.index); !port) return port;
  }
  // What is known of the far end suffices for its addresses and routes.
  wire::LinkRecord far_end;
  far_end.index = host_end.peer_index;
  far_end.name = veth.peer.name;
  far_end.kind = "veth";
  far_end.alias = link.alias;
  known_[veth.peer] = far_end;
  if (!veth.peer_mac.is_zero()) new_pairs_[veth.peer] = {link.key, link.master, veth.peer_mac};
  return expect_set(veth.peer.netns, far_end.index, {.alias = link.alias, .up = true});
}

base::Result<void> Applier::create(const ports::Link& link, const Filler& fill) {
  auto home = place(link.key.netns);
  if (!home) return std::unexpected(home.error());
  auto name = link.key.name;
  for (bool may_wait = true;; may_wait = false) {
    std::optional<wire::LinkRecord> found;
    fill(now_, name);
    wire::put_get_link(now_, name);  // tells the indices of both ends
    auto acks = (*home)->socket.transact(now_, [&](const nlmsghdr* message) {
      if (auto record = wire::parse_link(message)) found = std::move(record);
    });
    if (!acks) return std::unexpected(acks.error());
    const auto& created = acks->front();
    if (created.error == 0 && found) return finish(link, std::move(*found));
    if (created.error == EOPNOTSUPP) return unsupported(link);
    if (created.error != EEXIST) return result_of(created, "creating it");
    // One name may still belong to a link whose deletion is under way.
    if (may_wait && (!found || found->group == condemned_group)) {
      reaper_.settle();
      continue;
    }
    if (found) return adopt(link, *found);
    if (const auto* vlan = std::get_if<ports::VlanLink>(&link.kind)) {
      return base::fail(base::ErrorKind::conflict,
                        fmt::format("{} carries VLAN {} already, under another name: use that as the parent",
                                    vlan->parent, vlan->id));
    }
    if (!comes_from_home(link) || name != link.key.name)
      return base::fail(base::ErrorKind::conflict, "the name of its other end is taken");
    name = link.key.netns.substr(0, IFNAMSIZ - 1);
  }
}

base::Result<void> Applier::finish(const ports::Link& link, wire::LinkRecord made) {
  changed(plan_[at_].inverse());
  wire::LinkAttributes attributes{.group = 0, .alias = link.alias};
  if (comes_from_home(link)) attributes.up = true;
  if (made.name != link.key.name) attributes.name = link.key.name;
  made.name = link.key.name;
  made.alias = link.alias;
  const auto index = made.index;
  known_[link.key] = std::move(made);
  return expect_set(link.key.netns, index, attributes);
}

base::Result<void> Applier::adopt(const ports::Link& link, const wire::LinkRecord& found) {
  if (!is_ours(found)) return std::unexpected(foreign(link.key));
  if (found.kind != kernel_kind(link)) {
    return base::fail(base::ErrorKind::conflict, fmt::format("{} exists as a {}", link.key.name, found.kind));
  }
  known_[link.key] = found;
  if (const auto* veth = veth_of(link)) return adopt_veth(link, *veth, found);
  if (is_child(link)) return adopt_child(link, found);
  return set_link(link, found);
}

base::Result<void> Applier::adopt_veth(const ports::Link& link, const ports::VethLink& veth,
                                       const wire::LinkRecord& found) {
  known_.erase(veth.peer);
  auto far_end = look_up(veth.peer);
  if (!far_end) return std::unexpected(far_end.error());
  const bool is_its_peer = *far_end && (*far_end)->index == found.peer_index && (*far_end)->peer_index == found.index;
  if (!is_its_peer) {
    // Ours, but it leads elsewhere (a namespace that was lost): a pair cannot be changed, only be made anew.
    auto home = place(link.key.netns);
    if (!home) return std::unexpected(home.error());
    if (auto gone = delete_now(**home, found); !gone) return gone;
    known_.erase(link.key);
    return make_veth(link, veth);
  }
  if (auto same = set_link(link, found); !same) return same;
  wire::LinkAttributes far_attributes{.alias = link.alias, .up = true};
  if (!veth.peer_mac.is_zero() && (*far_end)->mac != veth.peer_mac) {
    far_attributes.mac = veth.peer_mac;
  }
  return expect_set(veth.peer.netns, (*far_end)->index, far_attributes);
}

base::Result<void> Applier::set_link(const ports::Link& link, const wire::LinkRecord& found) {
  auto attributes = attributes_of(link);
  if (!attributes) return std::unexpected(attributes.error());
  if (link.master.empty()) attributes->master = 0;
  if (auto set = expect_set(link.key.netns, found.index, *attributes); !set) return set;
  const auto* veth = veth_of(link);
  const bool port_differs =
      veth != nullptr && !link.master.empty() && (veth->hairpin != found.hairpin || veth->isolated != found.isolated);
  return port_differs ? expect_port(link, found.index) : base::Result<void>{};
}

base::Result<void> Applier::change(const ports::Link& before, const ports::Link& after) {
  if (is_loopback(after)) return make_loopback(after);
  if (auto right = check(after); !right) return right;
  auto found = look_up(after.key);
  if (!found) return std::unexpected(found.error());
  if (!*found) return make(after);
  if (auto sent = flush(); !sent) return sent;
  auto adopted = adopt(after, **found);
  // Also when half of it failed: setting what already is does no harm.
  changed(ports::Step{after, before});
  return adopted;
}

base::Result<void> Applier::delete_now(Place& place, const wire::LinkRecord& link) {
  wire::put_delete_link(now_, link.index);
  auto acks = place.socket.transact(now_);
  if (!acks) return std::unexpected(acks.error());
  if (acks->front().error == ENODEV) return {};
  return result_of(acks->front(), "deleting it");
}

/// The far end of a pair that is about to be deleted frees its name at once, for whoever connects next. Should it fail,
/// that one waits for the deletion (see `create`).
void Applier::vacate(const ports::LinkKey& far_key, const wire::LinkRecord& near_end) {
  known_.erase(far_key);
  auto there = places_.find(far_key.netns);
  auto far_end = look_up(far_key);
  known_.erase(far_key);
  if (!there || *there == nullptr || !far_end || !*far_end || !is_ours(**far_end)) return;
  if ((*far_end)->index != near_end.peer_index || (*far_end)->peer_index != near_end.index) return;
  const auto index = (*far_end)->index;
  wire::put_set_link(now_, index, {.up = false});
  wire::put_set_link(now_, index, {.group = condemned_group, .name = fmt::format("gone{}", index)});
  if (auto acks = (*there)->socket.transact(now_); !acks)
    base::log(base::LogLevel::debug, "freeing the name {}: {}", far_key.name, acks.error().text);
}

base::Result<void> Applier::unmake(const ports::Link& link) {
  if (is_loopback(link)) return {};
  if (auto sent = flush(); !sent) return sent;
  known_.erase(link.key);
  auto found = look_up(link.key);
  if (!found) return std::unexpected(found.error());
  if (!*found) return {};
  if (!is_ours(**found)) return std::unexpected(foreign(link.key));
  known_.erase(link.key);
  if (const auto* veth = veth_of(link)) known_.erase(veth->peer);
  auto home = place(link.key.netns);
  if (!home) return std::unexpected(home.error());
  // A link elsewhere is beyond the reaper's socket.
  if (!link.key.netns.empty()) {
    if (auto gone = delete_now(**home, **found); !gone) return gone;
  } else {
    // Down: not a frame passes from now on, on either end. The rest can wait.
    wire::put_set_link(now_, (*found)->index, {.group = condemned_group, .up = false});
    auto acks = (*home)->socket.transact(now_);
    if (!acks) return std::unexpected(acks.error());
    if (acks->front().error == ENODEV) return {};
    if (auto condemned = result_of(acks->front(), "deleting it"); !condemned) return condemned;
    if (const auto* veth = veth_of(link)) vacate(veth->peer, **found);
    reaper_.condemned();
  }
  changed(plan_[at_].inverse());
  return {};
}

}  // namespace fairlead::linuxnet
