// Any text is refused or read as a time that prints as what reads back the same.
#include <cstddef>
#include <cstdint>

#include "ports/clock.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace fairlead::ports;
  const auto time = parse_rfc3339({reinterpret_cast<const char*>(data), size});
  if (time && parse_rfc3339(rfc3339(*time)) != time) __builtin_trap();
  return 0;
}
