#pragma once
/// Every option of dockerd 28, once: its flag, its key in daemon.json, its shape, and what it does here.
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "daemon/options.h"

namespace fairlead::daemon {

/// How an option is written: in the file a boolean, a string or number, an array of strings, or an object of its own.
enum class Shape { flag, text, list, runtimes, pools, any };

using Values = std::vector<std::string>;
/// Puts values into the options; the error says what is wrong with the value, without naming the option.
using Apply = base::Result<void> (*)(Options&, const Values&);

struct OptionRow {
  const char* flags;  ///< as CLI11 names them: `-H,--host`; empty for keys that only the file has
  const char* key;    ///< in daemon.json; empty when it is a flag only
  Shape shape;
  Apply apply;  ///< null: means nothing here, accepted with a warning
  const char* help = "";
};

std::span<const OptionRow> option_rows();

/// `--host` out of `-H,--host`.
std::string_view long_flag(const OptionRow& row);

}  // namespace fairlead::daemon
