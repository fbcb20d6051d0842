#include "adapters/oci/image_content.h"

#include <unistd.h>

#include <cerrno>

namespace fairlead::oci {

base::Result<void> write_at(int fd, std::string_view bytes, std::int64_t offset) {
  while (!bytes.empty()) {
    const auto n = pwrite(fd, bytes.data(), bytes.size(), offset);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && (errno == EFBIG || errno == EINVAL)) {
      return base::fail(base::ErrorKind::invalid, "invalid archive: a file is too large");
    }
    if (n < 0) return base::fail_errno(errno, "write a file of an archive");
    bytes.remove_prefix(static_cast<std::size_t>(n));
    offset += n;
  }
  return {};
}

base::Result<std::int64_t> write_content(TarStream& archive, archive_entry* entry, int fd) {
  std::int64_t written = 0;
  while (true) {
    auto block = archive.block();
    if (!block) return std::unexpected(block.error());
    if (!*block) break;
    if (auto done = write_at(fd, (*block)->bytes, (*block)->offset); !done) return std::unexpected(done.error());
    written += static_cast<std::int64_t>((*block)->bytes.size());
  }
  if (archive_entry_size_is_set(entry) && ftruncate(fd, archive_entry_size(entry)) != 0) {
    if (errno == EFBIG || errno == EINVAL)
      return base::fail(base::ErrorKind::invalid, "invalid archive: a file is too large");
    return base::fail_errno(errno, "write a file of an archive");
  }
  return written;
}

}  // namespace fairlead::oci
