// A line of conmon's log, whatever is in the file: parsed within its bounds or passed over.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "wire/oci_log.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view line(reinterpret_cast<const char*>(data), size);
  const auto parsed = fairlead::wire::parse_log_line(line);
  if (parsed && !line.ends_with(parsed->text)) std::abort();
  return 0;
}
