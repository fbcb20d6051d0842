#pragma once
#include <string>
#include <vector>

#include "engine/records.h"
#include "ports/runtime.h"

namespace fairlead::docker {

/// How a client wants the log.
struct LogChoice {
  bool output = false, error = false;
  bool tty = false;         ///< raw, not framed
  bool timestamps = false;  ///< each record begins with its time, nine digits of fraction
  bool details = false;     ///< `attributes` and a space come before the text
  std::string attributes;
};

/// The records as they go to the client.
std::string log_text(const std::vector<ports::LogRecord>& records, const LogChoice& choice);

/// What `--log-opt labels=` and `env=` picked, as `key=value,…` in URL encoding, sorted.
std::string log_attributes(const ports::ContainerSpec& spec);

}  // namespace fairlead::docker
