#pragma once
#include <memory>
#include <string>

#include "ports/runtime.h"

namespace fairlead::oci {

/// A container's log file as a stream of what the program wrote, byte for byte.
base::Result<std::unique_ptr<ports::LogStream>> open_log(const std::string& path, const ports::LogQuery& query);

/// Where in the file behind `fd` its last `lines` lines begin, found by reading backwards from `size`. A line is what
/// ends with a newline of the program, or the unfinished rest of a stream.
std::int64_t tail_offset(int fd, std::int64_t size, std::int64_t lines);

/// json-file and local (both are this log) and none.
bool log_driver_known(const std::string& name);
/// `max-size` of `--log-opt` in bytes (`10m`); 0 where it is absent. The log then starts anew at that size: `max-file`
/// older ones are not kept.
base::Result<std::int64_t> log_size_limit(const std::map<std::string, std::string>& options);

}  // namespace fairlead::oci
