#pragma once
#include <functional>
#include <string>

namespace fairlead::cli {

/// Runs `probe` in a child process with network and mount namespaces of its own, which end with it. Gives what the
/// probe gave (empty: it worked, else why not), or why it could not be run. `flags` are more CLONE_NEW… to unshare.
std::string in_scratch(const std::function<std::string()>& probe, int flags = 0);

}  // namespace fairlead::cli
