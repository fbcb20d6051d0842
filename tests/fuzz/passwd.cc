// The image's passwd and group files and a user's name: the first line is the user, the rest serves as both files.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "wire/oci_user.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto user = text.substr(0, text.find('\n'));
  const auto found = fairlead::wire::resolve_user(user, {"audio", "12"}, text, text);
  if (found && found->uid > 2147483647) std::abort();
  return 0;
}
