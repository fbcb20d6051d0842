#include "adapters/linux/places.h"

#include <linux/netlink.h>

#include "adapters/linux/netns.h"

namespace fairlead::linuxnet {

base::Result<Place*> Places::find(const ports::NetnsName& name) {
  if (name.empty()) return &home_;
  if (const auto known = open_.find(name); known != open_.end()) return known->second.get();
  auto netns = open_netns(name);
  if (!netns) return std::unexpected(netns.error());
  if (!*netns) return nullptr;
  auto place = std::make_unique<Place>();
  auto entered = inside_netns(*netns, [&]() -> base::Result<void> {
    auto socket = NetlinkSocket::open(NETLINK_ROUTE);
    if (!socket) return std::unexpected(socket.error());
    place->socket = std::move(*socket);
    return {};
  });
  if (!entered) return std::unexpected(entered.error());
  place->netns = std::move(*netns);
  return (open_[name] = std::move(place)).get();
}

base::Result<Place> open_home() {
  auto netns = current_netns();
  if (!netns) return std::unexpected(netns.error());
  auto socket = NetlinkSocket::open(NETLINK_ROUTE);
  if (!socket) return std::unexpected(socket.error());
  return Place{std::move(*netns), std::move(*socket)};
}

}  // namespace fairlead::linuxnet
