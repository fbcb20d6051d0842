#include "wire/docker_publish_spec.h"

#include <cstdint>
#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto spec = fairlead::wire::parse_docker_publish_spec(text);
  if (!spec) return 0;
  const auto& [address, host, inside] = *spec;
  if (inside.first == 0 || inside.first > inside.last || host.first > host.last) std::abort();
  return 0;
}
