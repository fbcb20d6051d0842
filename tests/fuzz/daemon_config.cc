// Any daemon.json is refused or gives options that hold; never a crash.
#include <cstddef>
#include <cstdint>
#include <string>

#include "daemon/options.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  const char* argv[] = {"fairleadd"};
  const auto options = fairlead::daemon::parse_options(
      1, argv, [&](const std::string&) -> fairlead::base::Result<std::optional<std::string>> { return text; });
  if (options && options->hosts.empty()) __builtin_trap();
  if (!options && options.error().text.empty()) __builtin_trap();
  return 0;
}
