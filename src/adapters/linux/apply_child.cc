#include <fmt/format.h>

#include <cerrno>

#include "adapters/linux/applier.h"
#include "adapters/linux/link_kind.h"
#include "adapters/linux/mark.h"

namespace fairlead::linuxnet {

/// The number under which that namespace knows the host's.
base::Result<std::int32_t> Applier::number_of_home(Place& place) {
  auto home = this->place({});
  if (!home) return std::unexpected(home.error());
  std::optional<std::int32_t> number;
  wire::put_new_netns_number(now_, (*home)->netns.get());
  wire::put_get_netns_number(now_, (*home)->netns.get());
  auto acks = place.socket.transact(now_, [&](const nlmsghdr* message) {
    if (auto read = wire::parse_netns_number(message)) number = read;
  });
  if (!acks) return std::unexpected(acks.error());
  if (number) return *number;
  return base::fail_errno(acks->back().error != 0 ? acks->back().error : ENOENT, "numbering the host's namespace");
}

/// Asked for from within the link's own namespace: the kernel looks for its name where the request comes from, and an
/// `eth0` of the host must not be in the way of a container's. There it is set up last: it may pass by its parent's.
base::Result<void> Applier::make_child(const ports::Link& link) {
  auto attributes = attributes_of(link);
  if (!attributes) return std::unexpected(attributes.error());
  auto child = child_of(link);
  const auto parent_name = ports::parent_of(link);
  auto parent = look_up({{}, parent_name});
  if (!parent) return std::unexpected(parent.error());
  if (!*parent)
    return base::fail(base::ErrorKind::not_found, fmt::format("its parent interface {} is not there", parent_name));
  child.parent = (*parent)->index;
  auto home = place(link.key.netns);
  if (!home) return std::unexpected(home.error());
  if (!link.key.netns.empty()) {
    auto number = number_of_home(**home);
    if (!number) return std::unexpected(number.error());
    child.parent_netns = *number;
    attributes->up.reset();
  }
  attributes->group = nascent_group;
  auto made = create(link, [&](wire::NetlinkBatch& batch, const std::string& name) {
    wire::put_new_child(batch, name, *attributes, child);
  });
  if (!made || !undo_[at_]) return made;
  const auto& own = known_.at(link.key);
  const auto mac = link.mac ? *link.mac : base::Mac{};
  // A passthru link begins with its parent's hardware address, whatever was asked.
  if (link.mac && own.mac != mac) {
    if (auto set = expect_set(link.key.netns, own.index, {.mac = mac}); !set) return set;
  }
  if (link.mac && !link.key.netns.empty()) new_pairs_[link.key] = {{}, {}, mac};
  return {};
}

/// Another parent or mode needs another link.
base::Result<void> Applier::adopt_child(const ports::Link& link, const wire::LinkRecord& found) {
  const auto parent_name = ports::parent_of(link);
  auto parent = look_up({{}, parent_name});
  if (!parent) return std::unexpected(parent.error());
  const bool same = *parent && (*parent)->index == found.peer_index && child_kind(found, parent_name) == link.kind;
  if (same) return set_link(link, found);
  auto home = place(link.key.netns);
  if (!home) return std::unexpected(home.error());
  if (auto gone = delete_now(**home, found); !gone) return gone;
  known_.erase(link.key);
  return make_child(link);
}

}  // namespace fairlead::linuxnet
