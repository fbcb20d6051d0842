// Whatever the store gives back, reading it must end in a record or an error; a record read is written and read alike.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "engine/codec.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace fairlead;
  const std::string body(reinterpret_cast<const char*>(data), size);
  const std::string key(64, 'a');
  for (const char* kind : {"network", "container", "sandbox", "host"}) {
    const auto change = engine::decode({kind, key, body});
    if (!change) continue;
    const auto records = engine::encode({*change});
    const auto again = engine::decode({records[0].kind, key, *records[0].body});
    if (!again || *again != *change) std::abort();
  }
  return 0;
}
