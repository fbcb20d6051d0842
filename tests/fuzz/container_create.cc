// The body of POST /containers/create, from any client.
#include <cstdint>
#include <string_view>

#include "doors/docker/json_container_create.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view body(reinterpret_cast<const char*>(data), size);
  for (const int api_minor : {21, 43, 51}) (void)fairlead::docker::parse_container_create(body, api_minor);
  return 0;
}
