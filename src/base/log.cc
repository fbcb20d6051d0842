#include "base/log.h"

#include <fmt/chrono.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <string>

namespace fairlead::base {
namespace {

constexpr std::string_view kWords[] = {"debug", "info", "warn", "error", "fatal"};

std::atomic<LogLevel> lower_bound{LogLevel::info};

}  // namespace

void set_log_level(LogLevel level) {
  lower_bound = level;
}

std::optional<LogLevel> parse_log_level(std::string_view word) {
  for (int level = 0; level < 5; ++level) {
    if (word == kWords[level]) return static_cast<LogLevel>(level);
  }
  return std::nullopt;
}

bool log_enabled(LogLevel level) {
  return level >= lower_bound.load(std::memory_order_relaxed);
}

void log_line(LogLevel level, std::string_view line) {
  const auto now = std::chrono::time_point_cast<std::chrono::microseconds>(std::chrono::system_clock::now());
  const auto seconds = std::chrono::time_point_cast<std::chrono::seconds>(now);
  const auto text =
      fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:06}Z {} {}\n", fmt::gmtime(std::chrono::system_clock::to_time_t(seconds)),
                  (now - seconds).count(), kWords[static_cast<int>(level)], line);
  // One write for a whole line, so that lines of several threads do not mix; a log that cannot be written has no other
  // place.
  (void)!::write(STDERR_FILENO, text.data(), text.size());
}

}  // namespace fairlead::base
