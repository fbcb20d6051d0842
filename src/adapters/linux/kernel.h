#pragma once
#include <memory>

#include "ports/kernel.h"

namespace fairlead::linuxnet {

/// Links, addresses, routes, namespaces and sysctls through rtnetlink(7). "The host" is the network namespace of the
/// calling thread, for as long as the object lives. Needs CAP_NET_ADMIN and CAP_SYS_ADMIN.
base::Result<std::unique_ptr<ports::Kernel>> make_kernel();

}  // namespace fairlead::linuxnet
