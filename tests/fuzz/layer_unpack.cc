// An archive of any bytes, unpacked below a directory of its own: nothing may appear beside that.
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>

#include "adapters/oci/image_unpack.h"
#include "base/fd.h"

namespace fs = std::filesystem;

namespace {

/// Gives every ustar header its right sum: otherwise hardly a changed byte would come past it.
std::string with_sums(std::string bytes) {
  for (std::size_t at = 0; at + 512 <= bytes.size(); at += 512) {
    if (bytes.compare(at + 257, 5, "ustar") != 0) continue;
    std::fill_n(bytes.begin() + static_cast<std::ptrdiff_t>(at + 148), 8, ' ');
    unsigned sum = 0;
    for (std::size_t i = 0; i < 512; ++i) sum += static_cast<unsigned char>(bytes[at + i]);
    char text[8];
    std::snprintf(text, sizeof text, "%06o", sum);
    bytes.replace(at + 148, 7, text, 7);
  }
  return bytes;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  // Made anew for each input; all that may ever be in it is `layer`.
  char base[] = "/dev/shm/fairlead-fuzz-XXXXXX";
  if (!::mkdtemp(base)) std::abort();
  const fs::path root = fs::path(base) / "layer";
  fs::create_directory(root);
  fairlead::base::Fd input(::memfd_create("fuzz", MFD_CLOEXEC));
  const auto bytes = with_sums({reinterpret_cast<const char*>(data), size});
  if (::write(input.get(), bytes.data(), size) != static_cast<ssize_t>(size)) std::abort();
  ::lseek(input.get(), 0, SEEK_SET);
  const fairlead::base::Fd dir(::open(root.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  auto stream = fairlead::oci::TarStream::open(input.get(), {.max_bytes = 4 << 20, .max_entries = 500});
  if (stream && fairlead::oci::unpack_layer(**stream, dir.get())) (void)(*stream)->finish();
  if (std::distance(fs::directory_iterator(base), {}) != 1 || !fs::is_directory(root)) std::abort();
  std::error_code ignored;
  fs::remove_all(base, ignored);
  return 0;
}
