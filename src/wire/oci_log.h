#pragma once
#include <chrono>
#include <optional>
#include <string_view>

namespace fairlead::wire {

/// One line of the log file that conmon writes (`k8s-file`: `TIME stdout|stderr P|F TEXT`).
struct LogLine {
  std::chrono::sys_time<std::chrono::nanoseconds> at{};
  bool is_stderr = false;
  bool partial = false;   ///< P: the program wrote no newline after the text; F: it did
  std::string_view text;  ///< a view into what was parsed, without the newline
};

/// Reads one line, without its newline; nothing when it is malformed.
std::optional<LogLine> parse_log_line(std::string_view line);

}  // namespace fairlead::wire
