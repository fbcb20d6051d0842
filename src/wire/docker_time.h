#pragma once
#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace fairlead::wire {

/// A span of time as Docker tells it to people: `Less than a second`, `5 seconds`, `About a minute`, `3 hours`, `2
/// weeks`.
std::string human_duration(std::chrono::nanoseconds span);

/// Go's duration: `1h30m`, `1.5s`, `10ms`, with a sign. Nothing when it is not one or does not fit.
std::optional<std::chrono::nanoseconds> parse_go_duration(std::string_view text);

/// Seconds since 1970 with an optional fraction, `1700000000.000000123`: how clients send `since` and `until`.
std::optional<std::chrono::nanoseconds> parse_unix_time(std::string_view text);

}  // namespace fairlead::wire
