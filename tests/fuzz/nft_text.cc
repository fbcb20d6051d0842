// Any skeleton text is scanned to its end, and names that are found are names.
#include <cstddef>
#include <cstdint>

#include "wire/nft_text.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  for (const auto& name : fairlead::wire::nft_declared_sets({reinterpret_cast<const char*>(data), size})) {
    if (!fairlead::wire::is_nft_name(name)) __builtin_trap();
  }
  return 0;
}
