#pragma once
#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace fairlead::ports {

/// A point in time as the API shows it: nanoseconds since 1970 in UTC. Zero is Docker's `0001-01-01T00:00:00Z`.
using Time = std::chrono::sys_time<std::chrono::nanoseconds>;

/// RFC 3339 with nanoseconds and `Z`, trailing zeros cut as Go prints them.
std::string rfc3339(Time time);
/// RFC 3339 with any fraction and offset.
std::optional<Time> parse_rfc3339(std::string_view text);

/// The world's time, so that nothing below asks for it.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual Time now() = 0;
};

}  // namespace fairlead::ports
