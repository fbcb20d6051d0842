// Ports as Docker's API names them.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "wire/docker_port_spec.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  (void)fairlead::wire::parse_docker_host_ports(text);
  const auto ports = fairlead::wire::parse_docker_ports(text);
  if (ports && (ports->first == 0 || ports->first > ports->last)) std::abort();
  return 0;
}
