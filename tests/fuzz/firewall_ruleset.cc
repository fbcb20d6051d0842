// Any ruleset is read or refused, and what was read can be shown.
#include <cstddef>
#include <cstdint>

#include "cli/firewall.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto view = fairlead::cli::read_firewall({reinterpret_cast<const char*>(data), size});
  if (!view) return 0;
  if (fairlead::cli::firewall_text(*view).empty() || fairlead::cli::firewall_json(*view).empty()) __builtin_trap();
  return 0;
}
