#include "wire/image_manifest.h"

#include <cstdint>
#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto images = fairlead::wire::parse_archive_manifest(text)) {
    const auto again = fairlead::wire::parse_archive_manifest(fairlead::wire::archive_manifest_json(*images));
    if (!again || *again != *images) std::abort();
  }
  if (const auto manifest = fairlead::wire::parse_image_manifest(text)) {
    if (!fairlead::wire::parse_image_manifest(fairlead::wire::image_manifest_json(*manifest))) std::abort();
    fairlead::wire::choose_platform(*manifest, "linux", "amd64", "");
  }
  return 0;
}
