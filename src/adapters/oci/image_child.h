#pragma once
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace fairlead::oci {

/// What a helper program said and how it ended.
struct ChildResult {
  int exit_code = 0;  ///< 128 + signal where one ended it
  std::string out, err;
};

/// Called for each complete line of either stream, and about five times a second with an empty line.
using OnChildLine = std::function<void(std::string_view line)>;

/// Runs a program from PATH to its end, without standard input, in a process group of its own.
/// Errors: `not_found` where PATH has no such program; `invalid` where it writes more than `max_output` bytes.
base::Result<ChildResult> run_child(const std::vector<std::string>& words, std::size_t max_output,
                                    const OnChildLine& on_line);

}  // namespace fairlead::oci
