#include "wire/image_config.h"

#include <cstdint>
#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto config = fairlead::wire::parse_image_config({reinterpret_cast<const char*>(data), size});
  if (!config) return 0;
  const auto again = fairlead::wire::parse_image_config(fairlead::wire::image_config_json(*config));
  if (!again || *again != *config) std::abort();
  return 0;
}
