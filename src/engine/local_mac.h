#pragma once
#include <string_view>

#include "base/ip.h"

namespace fairlead::engine {

/// `02:42:` and the first four bytes of a 64-digit id: for what has no IPv4 address to decide it.
base::Mac local_mac(std::string_view id);

}  // namespace fairlead::engine
