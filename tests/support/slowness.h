#pragma once
#include <cstdlib>

namespace fairlead::support {

/// How many times longer than on a plain machine something may take: FAIRLEAD_TEST_SLOWNESS, set where tests run
/// emulated.
inline double slowness() {
  const char* given = std::getenv("FAIRLEAD_TEST_SLOWNESS");
  return given == nullptr ? 1 : std::atof(given);
}

}  // namespace fairlead::support
