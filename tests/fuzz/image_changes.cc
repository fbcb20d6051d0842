#include "wire/image_changes.h"

#include <algorithm>
#include <cstdint>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  fairlead::wire::ImageRunConfig run;
  for (std::size_t at = 0; at < text.size();) {
    const auto end = std::min(text.find('\n', at), text.size());
    (void)fairlead::wire::apply_image_change(text.substr(at, end - at), run);
    at = end + 1;
  }
  return 0;
}
