#pragma once
#include <span>
#include <string_view>

namespace fairlead::daemon {

/// Ends this process by SIGKILL when the environment's FAIRLEAD_FAULT is `name`: what a crash at this very step leaves
/// behind can then be tested. Costs one comparison of strings otherwise. `name` stands in `fault_names`.
void fault_point(std::string_view name);
/// Whether FAIRLEAD_FAULT names this point.
bool fault_armed(std::string_view name);

/// Every step at which a crash can be asked for, in the order in which a container meets them.
std::span<const char* const> fault_names();

}  // namespace fairlead::daemon
