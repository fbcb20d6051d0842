#pragma once
#include <string_view>

#include "base/error.h"

namespace fairlead::wire {

/// A signal's number from `15`, `TERM` or `SIGTERM`, in any case, also `RTMIN+3` (signal(7), x86 and ARM numbers).
/// Anything else is `invalid`: `invalid signal: X`.
base::Result<int> parse_signal(std::string_view text);

}  // namespace fairlead::wire
