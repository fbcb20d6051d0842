#pragma once
#include <string>
#include <vector>

#include "engine/diff.h"

namespace fairlead::daemon {

/// One line for each thing that `steps` put right, in the words of one who looks for what happened to his host. Of a
/// firewall table that is made anew its elements are only counted.
std::vector<std::string> what_was_wrong(const engine::Steps& steps);

}  // namespace fairlead::daemon
