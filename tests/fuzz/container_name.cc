// A name that is taken is one that Docker takes: nothing of it can leave a path, a line or an alias.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "engine/names.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace fairlead;
  const std::string wanted(reinterpret_cast<const char*>(data), size);
  const engine::State state;
  const auto name = engine::settle_name(state, wanted, {}, [] { return base::Entropy{}; });
  if (!name) return 0;
  if (!engine::is_valid_name(*name)) std::abort();
  if (name->find_first_of("/ \n\t\"'\\") != std::string::npos || name->front() == '.' || name->front() == '-')
    std::abort();
  return 0;
}
