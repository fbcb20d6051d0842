#pragma once
#include <archive.h>
#include <archive_entry.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>
#include <memory>
#include <string>

#include "base/fd.h"

namespace fairlead::support {

/// Writes tars byte by byte (POSIX ustar), so that a test can say what no honest program would write.
class TestTar {
 public:
  TestTar& file(const std::string& name, const std::string& content, unsigned mode = 0644) {
    member(name, '0', content.size(), {}, mode);
    bytes_ += content;
    bytes_.resize((bytes_.size() + 511) / 512 * 512, '\0');
    return *this;
  }
  TestTar& directory(const std::string& name, unsigned mode = 0755) { return member(name, '5', 0, {}, mode); }
  TestTar& symlink(const std::string& name, const std::string& target) { return member(name, '2', 0, target, 0777); }
  TestTar& hardlink(const std::string& name, const std::string& target) { return member(name, '1', 0, target, 0644); }
  TestTar& device(const std::string& name, unsigned major, unsigned minor) {
    return member(name, '3', 0, {}, 0600, major, minor);
  }
  TestTar& member(const std::string& name, char type, std::size_t size, const std::string& target, unsigned mode,
                  unsigned major = 0, unsigned minor = 0, unsigned uid = 0) {
    char header[512] = {};
    std::memcpy(header, name.data(), std::min<std::size_t>(name.size(), 100));
    std::snprintf(header + 100, 8, "%07o", mode);
    std::snprintf(header + 108, 8, "%07o", uid);
    std::snprintf(header + 116, 8, "%07o", uid);
    std::snprintf(header + 124, 12, "%011zo", size);
    std::snprintf(header + 136, 12, "%011o", 1'000'000'000u);
    header[156] = type;
    std::memcpy(header + 157, target.data(), std::min<std::size_t>(target.size(), 100));
    std::memcpy(header + 257, "ustar\00000", 8);
    std::snprintf(header + 329, 8, "%07o", major);
    std::snprintf(header + 337, 8, "%07o", minor);
    std::memset(header + 148, ' ', 8);
    unsigned sum = 0;
    for (const char c : header) sum += static_cast<unsigned char>(c);
    std::snprintf(header + 148, 8, "%06o", sum);
    bytes_.append(header, sizeof header);
    return *this;
  }
  /// With the two blocks that end a tar.
  std::string bytes() const { return bytes_ + std::string(1024, '\0'); }

 private:
  std::string bytes_;
};

/// A descriptor that reads `bytes` from the start.
inline base::Fd readable(const std::string& bytes) {
  base::Fd fd(memfd_create("test", MFD_CLOEXEC));
  for (std::size_t at = 0; at < bytes.size();) {
    const auto n = ::write(fd.get(), bytes.data() + at, bytes.size() - at);
    if (n <= 0) return {};
    at += static_cast<std::size_t>(n);
  }
  ::lseek(fd.get(), 0, SEEK_SET);
  return fd;
}

/// All that a seekable descriptor holds.
inline std::string content_of(const base::Fd& fd) {
  std::string out(static_cast<std::size_t>(::lseek(fd.get(), 0, SEEK_END)), '\0');
  const auto n = ::pread(fd.get(), out.data(), out.size(), 0);
  return n == static_cast<ssize_t>(out.size()) ? out : std::string{};
}

/// `bytes` compressed by one of libarchive's filters (`gzip`, `zstd`, `xz`, `bzip2`).
inline std::string compressed(const std::string& bytes, const char* filter) {
  std::string out;
  std::unique_ptr<archive, decltype(&archive_write_free)> writer(archive_write_new(), archive_write_free);
  archive_write_set_format_raw(writer.get());
  // Not by name: that would link every filter that libarchive knows.
  const std::string_view wanted = filter;
  if (wanted == "gzip") archive_write_add_filter_gzip(writer.get());
  if (wanted == "bzip2") archive_write_add_filter_bzip2(writer.get());
  if (wanted == "xz") archive_write_add_filter_xz(writer.get());
  if (wanted == "zstd") archive_write_add_filter_zstd(writer.get());
  archive_write_set_bytes_per_block(writer.get(), 0);
  archive_write_open(
      writer.get(), &out, nullptr,
      [](archive*, void* to, const void* data, std::size_t size) {
        static_cast<std::string*>(to)->append(static_cast<const char*>(data), size);
        return static_cast<la_ssize_t>(size);
      },
      nullptr);
  std::unique_ptr<archive_entry, decltype(&archive_entry_free)> entry(archive_entry_new(), archive_entry_free);
  archive_entry_set_pathname(entry.get(), "data");
  archive_entry_set_filetype(entry.get(), AE_IFREG);
  archive_write_header(writer.get(), entry.get());
  archive_write_data(writer.get(), bytes.data(), bytes.size());
  archive_write_close(writer.get());
  return out;
}

}  // namespace fairlead::support
