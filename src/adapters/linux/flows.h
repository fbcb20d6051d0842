#pragma once
#include <memory>

#include "base/error.h"
#include "ports/flows.h"

namespace fairlead::linuxnet {

/// The tracked flows of the calling thread's network namespace. Needs CAP_NET_ADMIN. One reading of all flows for any
/// number of matches, and of the host's addresses if one asks for them; none without a match.
base::Result<std::unique_ptr<ports::Flows>> make_flows();

}  // namespace fairlead::linuxnet
