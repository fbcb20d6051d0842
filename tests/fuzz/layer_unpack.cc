// An archive of any bytes, unpacked below a directory of its own: nothing may appear beside that.
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <filesystem>

#include "adapters/oci/image_unpack.h"
#include "base/fd.h"

namespace fs = std::filesystem;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  // Made anew for each input; all that may ever be in it is `layer`.
  char base[] = "/dev/shm/fairlead-fuzz-XXXXXX";
  if (!::mkdtemp(base)) std::abort();
  const fs::path root = fs::path(base) / "layer";
  fs::create_directory(root);
  fairlead::base::Fd input(::memfd_create("fuzz", MFD_CLOEXEC));
  if (::write(input.get(), data, size) != static_cast<ssize_t>(size)) std::abort();
  ::lseek(input.get(), 0, SEEK_SET);
  const fairlead::base::Fd dir(::open(root.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  auto stream = fairlead::oci::TarStream::open(input.get(), {.max_bytes = 4 << 20, .max_entries = 500});
  if (stream && fairlead::oci::unpack_layer(**stream, dir.get())) (void)(*stream)->finish();
  if (std::distance(fs::directory_iterator(base), {}) != 1 || !fs::is_directory(root)) std::abort();
  std::error_code ignored;
  fs::remove_all(base, ignored);
  return 0;
}
