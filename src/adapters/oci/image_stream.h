#pragma once
#include <archive.h>
#include <archive_entry.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "adapters/oci/image_digest.h"
#include "base/error.h"

namespace fairlead::oci {

/// What one archive may hold before it is refused (`invalid`), so that a bomb ends in an error and not in a full disk.
struct UnpackLimits {
  std::int64_t max_bytes = std::int64_t{1} << 40;  ///< of the uncompressed stream
  std::int64_t max_entries = 10'000'000;
};

struct ArchiveReadClose {
  void operator()(archive* a) const { archive_read_free(a); }
};
struct ArchiveWriteClose {
  void operator()(archive* a) const { archive_write_free(a); }
};
using ArchiveReader = std::unique_ptr<archive, ArchiveReadClose>;
using ArchiveWriter = std::unique_ptr<archive, ArchiveWriteClose>;

/// Reads the entries of one tar (gzip, zstd, xz, bzip2 or plain, found out by itself) from a descriptor.
///
/// Two libarchive readers in a row: the first only decompresses, the second only parses tar. Between them pass exactly
/// the bytes that a layer's diff id is the SHA-256 of, trailing padding included, and there they are also counted and
/// copied.
class TarStream {
 public:
  /// `fd` stays the caller's and is read from its present position; it may be a pipe, and may be non-blocking.
  /// With `copy_fd` >= 0 the uncompressed stream is also written there, compressed by zstd.
  static base::Result<std::unique_ptr<TarStream>> open(int fd, const UnpackLimits& limits, int copy_fd = -1);

  /// The next entry, valid until the next call; null at the end of the archive.
  base::Result<archive_entry*> next();

  struct Block {
    std::string_view bytes;
    std::int64_t offset = 0;  ///< in the file: what lies between blocks is a hole
  };
  /// The next piece of the entry's content; nothing after the last one.
  base::Result<std::optional<Block>> block();

  /// Reads what follows the last entry, so that `digest` covers the whole stream, and completes the copy.
  base::Result<void> finish();
  /// `sha256:…` of the uncompressed stream; after `finish`, once.
  std::string digest() { return sum_.digest(); }
  /// Bytes of the uncompressed stream so far.
  std::int64_t bytes() const { return bytes_; }

 private:
  TarStream(int fd, const UnpackLimits& limits) : fd_(fd), limits_(limits) {}
  base::Result<void> start(int copy_fd);
  base::Result<void> start_copy(int copy_fd);
  la_ssize_t pull(const void** buffer);
  void refuse(base::Error error);
  std::unexpected<base::Error> failure(archive* which, std::string_view doing);
  static la_ssize_t read_fd(archive* a, void* self, const void** buffer);
  static la_ssize_t read_plain(archive* a, void* self, const void** buffer);

  int fd_;
  UnpackLimits limits_;
  std::int64_t bytes_ = 0, entries_ = 0;
  bool raw_end_ = false;
  Sha256 sum_;
  std::optional<base::Error> error_;
  std::unique_ptr<char[]> input_;
  ArchiveReader raw_, tar_;
  ArchiveWriter copy_;
};

}  // namespace fairlead::oci
