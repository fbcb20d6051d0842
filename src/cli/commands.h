#pragma once

namespace fairlead::cli {

/// The `fairlead` command: `version`, `check`, `image bootstrap`. Gives the exit code: 0, 1 for a failure, 2 for a
/// command line that cannot be understood.
int run(int argc, const char* const* argv);

}  // namespace fairlead::cli
