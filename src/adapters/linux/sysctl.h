#pragma once
#include <optional>
#include <string>

#include "base/error.h"

namespace fairlead::linuxnet {

/// Value of /proc/sys/`key` as the calling thread's namespace sees it, without its newline and with single blanks
/// between numbers; nothing if there is no such key.
base::Result<std::optional<std::string>> read_sysctl(const std::string& key);
base::Result<void> write_sysctl(const std::string& key, const std::string& value);

}  // namespace fairlead::linuxnet
