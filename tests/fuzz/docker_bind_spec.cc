// What `-v` says.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "wire/docker_bind_spec.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto bind = fairlead::wire::parse_docker_bind({reinterpret_cast<const char*>(data), size});
  if (!bind) return 0;
  // A target never names a parent, and cleaning is done once and for all.
  if (fairlead::wire::clean_path(bind->target) != bind->target) std::abort();
  if ((bind->target + "/").find("/../") != std::string::npos) std::abort();
  return 0;
}
