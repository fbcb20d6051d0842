#include "daemon/pidfile.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <cerrno>
#include <filesystem>

namespace fairlead::daemon {
namespace {

// The descriptor, locked; none when another process holds it.
base::Result<base::Fd> open_locked(const std::string& path, mode_t mode) {
  std::error_code code;
  const auto directory = std::filesystem::path(path).parent_path();
  std::filesystem::create_directories(directory, code);
  if (code)
    return base::fail(base::ErrorKind::internal, fmt::format("cannot make {}: {}", directory.string(), code.message()));
  base::Fd file(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, mode));
  if (!file) return base::fail_errno(errno, "open " + path);
  if (::flock(file.get(), LOCK_EX | LOCK_NB) == 0) return file;
  if (errno == EWOULDBLOCK) return base::Fd();
  return base::fail_errno(errno, "lock " + path);
}

std::string written_in(const std::string& path) {
  const base::Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  char text[32];
  const ssize_t got = file ? ::read(file.get(), text, sizeof text) : -1;
  std::string pid(text, got > 0 ? static_cast<std::size_t>(got) : 0);
  while (!pid.empty() && (pid.back() == '\n' || pid.back() == ' ')) pid.pop_back();
  return pid.empty() ? "unknown" : pid;
}

base::Result<void> write_pid(int fd, const std::string& path) {
  const std::string pid = std::to_string(::getpid());
  if (::ftruncate(fd, 0) != 0 || ::pwrite(fd, pid.data(), pid.size(), 0) != static_cast<ssize_t>(pid.size())) {
    return base::fail_errno(errno, "write " + path);
  }
  return {};
}

}  // namespace

base::Result<Pidfile> write_pidfile(const std::string& path) {
  if (path.empty()) return Pidfile({}, {});
  // The holder may remove its file between our open and our lock; the file that we hold must be the one that has the
  // name.
  for (int tries = 0; tries < 10; ++tries) {
    auto file = open_locked(path, 0644);
    if (!file) return std::unexpected(file.error());
    if (!*file) {
      return base::fail(base::ErrorKind::conflict,
                        fmt::format("failed to start daemon: process with PID {} is still running: ensure "
                                    "the daemon is not running or delete {}",
                                    written_in(path), path));
    }
    struct stat held{}, named{};
    if (::fstat(file->get(), &held) != 0 || ::stat(path.c_str(), &named) != 0) continue;
    if (held.st_ino != named.st_ino || held.st_dev != named.st_dev) continue;
    if (auto done = write_pid(file->get(), path); !done) return std::unexpected(done.error());
    return Pidfile(path, std::move(*file));
  }
  return base::fail(base::ErrorKind::internal, fmt::format("{} keeps being replaced by others", path));
}

Pidfile::~Pidfile() {
  if (lock_) ::unlink(path_.c_str());
}

base::Result<base::Fd> lock_data_root(const std::string& data_root) {
  const std::string path = data_root + "/fairlead.lock";
  auto file = open_locked(path, 0600);
  if (!file) return file;
  if (!*file) {
    return base::fail(
        base::ErrorKind::conflict,
        fmt::format("failed to start daemon: the data root {} is used by the daemon with PID {}: stop that one or "
                    "choose another --data-root",
                    data_root, written_in(path)));
  }
  if (auto done = write_pid(file->get(), path); !done) return std::unexpected(done.error());
  return file;
}

}  // namespace fairlead::daemon
