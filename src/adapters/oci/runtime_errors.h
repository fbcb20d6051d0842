#pragma once
#include <string>
#include <string_view>

#include "base/error.h"

namespace fairlead::oci {

/// The runtime's own words out of what it logged: the last `msg` of logfmt (`level=error msg="…"`) or JSON lines, or
/// the last line that says anything.
std::string runtime_words(std::string_view logged);

/// A failed start in Docker's words. What the user can mend (no such command, not allowed, not a directory) is
/// `invalid`; the docker client takes its exit codes 126 and 127 from the text.
base::Error create_error(std::string_view logged, std::string_view runtime);
/// A failed exec in Docker's words, likewise.
base::Error exec_error(std::string_view logged);

}  // namespace fairlead::oci
