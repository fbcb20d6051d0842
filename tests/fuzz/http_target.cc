#include <cstdint>
#include <cstdlib>

#include "wire/docker_target.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace fairlead::wire;
  const auto target = parse_docker_target({reinterpret_cast<const char*>(data), size});
  if (!target) return target.error().text.empty() ? (std::abort(), 0) : 0;
  if (target->path.empty() || target->path.front() != '/') std::abort();
  if ((target->path + "/").find("/../") != std::string::npos) std::abort();
  if (target->path.find('\0') != std::string::npos) std::abort();
  const auto minor = serve_docker_version(target->version);
  if (minor && (*minor < docker_api_accepted || *minor > docker_api_newest)) std::abort();
  return 0;
}
