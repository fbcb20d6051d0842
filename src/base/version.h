#pragma once
#include <string>

namespace fairlead::base {

/// Of this build, as `0.1.0`.
std::string version();
/// Short hash of the commit that the build was configured at; `unknown` outside a git tree.
std::string git_commit();

}  // namespace fairlead::base
