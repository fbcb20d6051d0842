#pragma once
#include "ports/clock.h"

namespace fairlead::daemon {

/// The machine's own clock.
class SystemClock final : public ports::Clock {
 public:
  ports::Time now() override { return std::chrono::system_clock::now(); }
};

}  // namespace fairlead::daemon
