#include "adapters/oci/image_stream.h"

#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include <cerrno>

namespace fairlead::oci {

namespace {

constexpr std::size_t kInputBytes = 256 * 1024;

std::string_view words_of(archive* a) {
  const char* text = archive_error_string(a);
  return text ? text : "unknown archive error";
}

}  // namespace

base::Result<std::unique_ptr<TarStream>> TarStream::open(int fd, const UnpackLimits& limits, int copy_fd) {
  std::unique_ptr<TarStream> stream(new TarStream(fd, limits));
  if (auto started = stream->start(copy_fd); !started) return std::unexpected(started.error());
  return stream;
}

base::Result<void> TarStream::start(int copy_fd) {
  input_ = std::make_unique<char[]>(kInputBytes);
  raw_.reset(archive_read_new());
  tar_.reset(archive_read_new());
  if (!raw_ || !tar_) return base::fail(base::ErrorKind::internal, "libarchive has no memory");
  // Only what layers are made of: each further filter or format is a parser that strangers could reach.
  archive_read_support_filter_gzip(raw_.get());
  archive_read_support_filter_zstd(raw_.get());
  archive_read_support_filter_xz(raw_.get());
  archive_read_support_filter_bzip2(raw_.get());
  archive_read_support_format_raw(raw_.get());
  archive_read_support_format_tar(tar_.get());
  if (archive_read_open(raw_.get(), this, nullptr, read_fd, nullptr) != ARCHIVE_OK) return failure(raw_.get(), "open");
  archive_entry* whole = nullptr;
  const int first = archive_read_next_header(raw_.get(), &whole);
  if (first == ARCHIVE_EOF || (first != ARCHIVE_OK && archive_filter_bytes(raw_.get(), -1) == 0 && !error_)) {
    return base::fail(base::ErrorKind::invalid, "the archive is empty");
  }
  if (first < ARCHIVE_WARN) return failure(raw_.get(), "open");
  if (copy_fd >= 0) {
    if (auto copying = start_copy(copy_fd); !copying) return copying;
  }
  if (archive_read_open(tar_.get(), this, nullptr, read_plain, nullptr) != ARCHIVE_OK)
    return failure(tar_.get(), "open");
  return {};
}

base::Result<void> TarStream::start_copy(int copy_fd) {
  copy_.reset(archive_write_new());
  std::unique_ptr<archive_entry, decltype(&archive_entry_free)> entry(archive_entry_new(), archive_entry_free);
  archive_entry_set_pathname(entry.get(), "layer.tar");
  archive_entry_set_filetype(entry.get(), AE_IFREG);
  if (archive_write_set_format_raw(copy_.get()) != ARCHIVE_OK ||
      archive_write_add_filter_zstd(copy_.get()) != ARCHIVE_OK ||
      archive_write_set_filter_option(copy_.get(), "zstd", "compression-level", "1") != ARCHIVE_OK ||
      archive_write_open_fd(copy_.get(), copy_fd) != ARCHIVE_OK ||
      archive_write_header(copy_.get(), entry.get()) != ARCHIVE_OK) {
    return base::fail(base::ErrorKind::internal, std::string(words_of(copy_.get())), "compress a layer");
  }
  return {};
}

la_ssize_t TarStream::read_fd(archive* a, void* self, const void** buffer) {
  auto& stream = *static_cast<TarStream*>(self);
  *buffer = stream.input_.get();
  while (true) {
    const auto n = ::read(stream.fd_, stream.input_.get(), kInputBytes);
    if (n >= 0) return n;
    if (errno == EAGAIN) {
      pollfd ready{stream.fd_, POLLIN, 0};
      ::poll(&ready, 1, -1);
    } else if (errno != EINTR) {
      const int why = errno;
      stream.refuse(base::fail_errno(why, "read an archive").error());
      archive_set_error(a, why, "cannot read");
      return -1;
    }
  }
}

void TarStream::refuse(base::Error error) {
  if (!error_) error_ = std::move(error);
}

/// One block of the uncompressed stream for the tar parser: hashed, counted and copied on its way.
la_ssize_t TarStream::pull(const void** buffer) {
  std::size_t size = 0;
  la_int64_t offset = 0;
  if (raw_end_) return 0;
  const int status = archive_read_data_block(raw_.get(), buffer, &size, &offset);
  if (status == ARCHIVE_EOF) {
    raw_end_ = true;
    return 0;
  }
  if (status < ARCHIVE_WARN) return failure(raw_.get(), "decompress"), -1;
  bytes_ += static_cast<std::int64_t>(size);
  if (bytes_ > limits_.max_bytes) {
    refuse({base::ErrorKind::invalid, fmt::format("the archive holds more than {} bytes", limits_.max_bytes), {}});
    return -1;
  }
  sum_.add({static_cast<const char*>(*buffer), size});
  if (copy_ && archive_write_data(copy_.get(), *buffer, size) < 0) {
    refuse({base::ErrorKind::internal, std::string(words_of(copy_.get())), "compress a layer"});
    return -1;
  }
  return static_cast<la_ssize_t>(size);
}

la_ssize_t TarStream::read_plain(archive* a, void* self, const void** buffer) {
  const auto n = static_cast<TarStream*>(self)->pull(buffer);
  if (n < 0) archive_set_error(a, EIO, "cannot read");
  return n;
}

/// The first thing that went wrong: what stopped the inner reader says more than what the outer one makes of it.
std::unexpected<base::Error> TarStream::failure(archive* which, std::string_view doing) {
  refuse({base::ErrorKind::invalid, fmt::format("invalid archive: {}", words_of(which)), std::string(doing)});
  return std::unexpected(*error_);
}

base::Result<archive_entry*> TarStream::next() {
  archive_entry* entry = nullptr;
  const int status = archive_read_next_header(tar_.get(), &entry);
  if (status == ARCHIVE_EOF) return nullptr;
  // A warning is about a name that has no form in the process's locale: libarchive then gives its bytes as they are.
  if (status != ARCHIVE_OK && status != ARCHIVE_WARN) return failure(tar_.get(), "read an entry");
  if (++entries_ > limits_.max_entries) {
    return base::fail(base::ErrorKind::invalid,
                      fmt::format("the archive holds more than {} entries", limits_.max_entries));
  }
  return entry;
}

base::Result<std::optional<TarStream::Block>> TarStream::block() {
  const void* data = nullptr;
  std::size_t size = 0;
  la_int64_t offset = 0;
  const int status = archive_read_data_block(tar_.get(), &data, &size, &offset);
  if (status == ARCHIVE_EOF) return std::nullopt;
  if (status < ARCHIVE_WARN) return failure(tar_.get(), "read an entry's content");
  return Block{{static_cast<const char*>(data), size}, offset};
}

base::Result<void> TarStream::finish() {
  const void* rest = nullptr;
  la_ssize_t n = 0;
  do n = pull(&rest);
  while (n > 0 || (n == 0 && !raw_end_));
  if (n < 0) return std::unexpected(*error_);
  if (copy_ && archive_write_close(copy_.get()) != ARCHIVE_OK) {
    return base::fail(base::ErrorKind::internal, std::string(words_of(copy_.get())), "compress a layer");
  }
  return {};
}

}  // namespace fairlead::oci
