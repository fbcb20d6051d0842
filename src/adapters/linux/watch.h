#pragma once
#include <memory>

#include "ports/watch.h"

namespace fairlead::linuxnet {

/// Listens to the multicast groups of rtnetlink(7) for links, addresses, routes and forwarding, and to that of
/// nftables, in the network namespace of the calling thread, for as long as the object lives. What this process itself
/// deletes from firewall tables is left out. Needs CAP_NET_ADMIN.
base::Result<std::unique_ptr<ports::Watch>> make_watch();

}  // namespace fairlead::linuxnet
