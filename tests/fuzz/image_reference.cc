#include "wire/image_reference.h"

#include <cstdint>
#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto reference = fairlead::wire::parse_image_reference({reinterpret_cast<const char*>(data), size});
  if (!reference) return 0;
  const auto again = fairlead::wire::parse_image_reference(reference->familiar());
  if (!again || *again != *reference) std::abort();
  return 0;
}
