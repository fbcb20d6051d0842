#pragma once
#include <memory>

#include "ports/kernel.h"

namespace fairlead::linuxnet {

/// Our nftables tables (family inet) in the network namespace of the calling thread, for as long as the object lives.
/// Elements travel in raw nfnetlink transactions; a new skeleton goes through libnftables. Needs CAP_NET_ADMIN.
base::Result<std::unique_ptr<ports::Firewall>> make_firewall();

}  // namespace fairlead::linuxnet
