#include "adapters/linux/snapshot.h"

#include <linux/rtnetlink.h>

#include <algorithm>

#include "adapters/linux/mark.h"

namespace fairlead::linuxnet {
namespace {

template <class Record>
base::Result<std::vector<Record>> read_all(NetlinkSocket& socket, void (*ask)(wire::NetlinkBatch&),
                                           std::optional<Record> (*parse)(const nlmsghdr*)) {
  std::vector<Record> records;
  const auto keep = [&](const nlmsghdr* message) {
    if (auto record = parse(message)) records.push_back(std::move(*record));
  };
  if (auto read = socket.dump(ask, keep, [&] { records.clear(); }); !read) return std::unexpected(read.error());
  return records;
}

/// The kernel gives 1024 to an IPv6 route that asked for none (IP6_RT_PRIO_USER).
std::uint32_t effective_metric(const ports::Route& route) {
  return route.metric == 0 && route.destination.family() == base::Family::v6 ? 1024 : route.metric;
}

}  // namespace

base::Result<std::vector<wire::LinkRecord>> read_links(NetlinkSocket& socket) {
  return read_all<wire::LinkRecord>(socket, &wire::put_dump_links, &wire::parse_link);
}

base::Result<std::vector<wire::AddressRecord>> read_addresses(NetlinkSocket& socket) {
  return read_all<wire::AddressRecord>(socket, &wire::put_dump_addresses, &wire::parse_address);
}

base::Result<std::vector<wire::RouteRecord>> read_routes(NetlinkSocket& socket) {
  auto routes = read_all<wire::RouteRecord>(socket, &wire::put_dump_routes, &wire::parse_route);
  if (routes) {
    std::erase_if(*routes, [](const auto& route) { return route.table != RT_TABLE_MAIN || route.type != RTN_UNICAST; });
  }
  return routes;
}

const wire::RouteRecord* find_route(const std::vector<wire::RouteRecord>& routes, const ports::Route& route) {
  const auto found = std::ranges::find_if(routes, [&](const auto& candidate) {
    return candidate.protocol == route_protocol && candidate.destination == route.destination.network() &&
           candidate.metric == effective_metric(route);
  });
  return found == routes.end() ? nullptr : &*found;
}

}  // namespace fairlead::linuxnet
