// A seccomp profile out of `--security-opt seccomp=…`: what is taken converts for every container.
#include <cstdint>
#include <string_view>

#include "wire/oci_seccomp.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace fairlead::wire;
  const auto profile = parse_seccomp_profile({reinterpret_cast<const char*>(data), size});
  if (!profile) return 0;
  (void)oci_seccomp(*profile, {.kernel = {6, 1}, .absent_abis = {"SCMP_ARCH_X32"}}, {"CAP_SYS_ADMIN"});
  (void)oci_seccomp(*profile, {.arch = "arm64"}, {});
  return 0;
}
