#pragma once
#include <string>
#include <string_view>

#include "engine/records.h"

namespace fairlead::docker {

/// What the list shows of it: `Up 5 seconds`, `Exited (0) 3 minutes ago`.
std::string status_text(const engine::Container& container, ports::Time now);
/// A point in time as the API shows it; `0001-01-01T00:00:00Z` for never.
std::string time_text(ports::Time time);

}  // namespace fairlead::docker
