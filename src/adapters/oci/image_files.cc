#include "adapters/oci/image_files.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

#include "base/log.h"

namespace fairlead::oci {

namespace fs = std::filesystem;

namespace {

base::Result<void> write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const auto n = ::write(fd, text.data(), text.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return base::fail_errno(errno, "write");
    text.remove_prefix(static_cast<std::size_t>(n));
  }
  return {};
}

void sync_dir(const fs::path& dir) {
  base::Fd fd(::open(dir.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (fd) ::fsync(fd.get());
}

base::Result<void> replace_file(const fs::path& path, std::string_view text, const fs::path& temp_dir, bool sync) {
  auto temporary = (temp_dir / (path.filename().string() + ".XXXXXX")).string();
  const base::Fd fd(::mkostemp(temporary.data(), O_CLOEXEC));
  if (!fd) return base::fail_errno(errno, "create " + temporary);
  auto done = write_all(fd.get(), text);
  if (done && sync && ::fsync(fd.get()) != 0) done = base::fail_errno(errno, "fsync " + temporary);
  if (done && ::rename(temporary.c_str(), path.c_str()) != 0) {
    done = base::fail_errno(errno, "rename to " + path.string());
  }
  if (!done) ::unlink(temporary.c_str());
  return done;
}

}  // namespace

base::Result<void> write_file(const fs::path& path, std::string_view text, const fs::path& temp_dir) {
  return replace_file(path, text, temp_dir, false);
}

base::Result<void> write_file_atomically(const fs::path& path, std::string_view text, const fs::path& temp_dir) {
  auto done = replace_file(path, text, temp_dir.empty() ? path.parent_path() : temp_dir, true);
  if (done) sync_dir(path.parent_path());
  return done;
}

base::Result<std::string> read_small_file(const fs::path& path, std::size_t max_bytes) {
  base::Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd && errno == ENOENT) return base::fail(base::ErrorKind::not_found, "no such file", path.string());
  if (!fd) return base::fail_errno(errno, "open " + path.string());
  std::string out;
  char buffer[65536];
  while (true) {
    const auto n = ::read(fd.get(), buffer, sizeof buffer);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return base::fail_errno(errno, "read " + path.string());
    if (n == 0) return out;
    out.append(buffer, static_cast<std::size_t>(n));
    if (out.size() > max_bytes) return base::fail(base::ErrorKind::invalid, "file is too large", path.string());
  }
}

void remove_tree(const fs::path& path) {
  std::error_code wrong;
  try {
    fs::remove_all(path, wrong);
  } catch (const std::exception& e) {
    wrong = std::make_error_code(std::errc::io_error);
  }
  if (wrong) base::log(base::LogLevel::warn, "cannot remove {}: {}", path.string(), wrong.message());
}

base::Result<void> make_private_dir(const fs::path& path) {
  std::error_code wrong;
  fs::create_directories(path.parent_path(), wrong);
  if (::mkdir(path.c_str(), 0700) == 0 || errno == EEXIST) return {};
  return base::fail_errno(errno, "mkdir " + path.string());
}

base::Result<TempDir> TempDir::make(const fs::path& parent) {
  auto name = (parent / "XXXXXX").string();
  if (!::mkdtemp(name.data())) return base::fail_errno(errno, "mkdtemp " + name);
  return TempDir(name);
}

base::Result<void> TempDir::move_to(const fs::path& target) {
  if (::rename(path_.c_str(), target.c_str()) != 0) return base::fail_errno(errno, "rename to " + target.string());
  path_.clear();
  return {};
}

}  // namespace fairlead::oci
