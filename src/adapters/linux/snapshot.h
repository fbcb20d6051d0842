#pragma once
#include <vector>

#include "adapters/linux/netlink_socket.h"
#include "ports/objects.h"
#include "wire/netlink_link.h"
#include "wire/netlink_route.h"

namespace fairlead::linuxnet {

/// One dump each of the namespace that the socket is bound to.
base::Result<std::vector<wire::LinkRecord>> read_links(NetlinkSocket& socket);
base::Result<std::vector<wire::AddressRecord>> read_addresses(NetlinkSocket& socket);
/// Unicast routes of the main table.
base::Result<std::vector<wire::RouteRecord>> read_routes(NetlinkSocket& socket);

/// Our own route with the key of `route`, or nullptr.
const wire::RouteRecord* find_route(const std::vector<wire::RouteRecord>& routes, const ports::Route& route);

}  // namespace fairlead::linuxnet
