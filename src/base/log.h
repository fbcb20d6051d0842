#pragma once
#include <fmt/format.h>

#include <optional>
#include <string_view>
#include <utility>

namespace fairlead::base {

enum class LogLevel { debug, info, warn, error, fatal };

/// Lower bound of what is written; thread-safe.
void set_log_level(LogLevel level);
/// dockerd's words: debug, info, warn, error, fatal.
std::optional<LogLevel> parse_log_level(std::string_view word);
bool log_enabled(LogLevel level);
/// One line to standard error, with time and level. Thread-safe.
void log_line(LogLevel level, std::string_view line);

template <class... Args>
void log(LogLevel level, fmt::format_string<Args...> format, Args&&... args) {
  if (log_enabled(level)) log_line(level, fmt::format(format, std::forward<Args>(args)...));
}

}  // namespace fairlead::base
