#include <dirent.h>
#include <fcntl.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#include <cerrno>
#include <memory>

#include "adapters/oci/rootfs.h"
#include "adapters/oci/volumes.h"

namespace fairlead::oci {
namespace {

constexpr int kMaxDepth = 200;

std::unexpected<base::Error> failed(const std::string& name) {
  return base::fail_errno(errno, "filling a volume from the image: " + name);
}

struct CloseDir {
  void operator()(DIR* dir) const { ::closedir(dir); }
};
using Dir = std::unique_ptr<DIR, CloseDir>;

/// The names in a directory; the descriptor stays the caller's.
base::Result<std::vector<std::string>> names_in(int fd) {
  const int own = ::openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (own < 0) return failed(".");
  const Dir dir(::fdopendir(own));
  std::vector<std::string> names;
  while (const dirent* entry = ::readdir(dir.get())) {
    const std::string name = entry->d_name;
    if (name != "." && name != "..") names.push_back(name);
  }
  return names;
}

void copy_attributes(int from, int to) {
  std::string list(64 << 10, '\0');
  const auto length = ::flistxattr(from, list.data(), list.size());
  if (length <= 0) return;
  list.resize(static_cast<std::size_t>(length));
  std::string value(64 << 10, '\0');
  for (const char* name = list.c_str(); name < list.data() + list.size(); name += std::string_view(name).size() + 1) {
    // overlayfs's own marks are not the image's.
    if (std::string_view(name).starts_with("trusted.overlay.")) continue;
    const auto size = ::fgetxattr(from, name, value.data(), value.size());
    if (size >= 0) ::fsetxattr(to, name, value.data(), static_cast<std::size_t>(size), 0);
  }
}

base::Result<void> copy_status(int to, const struct stat& status, const std::string& name) {
  const timespec times[2] = {status.st_atim, status.st_mtim};
  if (::fchown(to, status.st_uid, status.st_gid) != 0 || ::fchmod(to, status.st_mode & 07777) != 0 ||
      ::futimens(to, times) != 0)
    return failed(name);
  return {};
}

base::Result<void> copy_file(int from_dir, int to_dir, const std::string& name, const struct stat& status) {
  const base::Fd from(::openat(from_dir, name.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK));
  const base::Fd to(::openat(to_dir, name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!from || !to) return failed(name);
  for (off_t offset = 0; offset < status.st_size;) {
    const auto count = ::sendfile(to.get(), from.get(), &offset, static_cast<std::size_t>(status.st_size - offset));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return failed(name);
    if (count == 0) break;
  }
  if (auto done = copy_status(to.get(), status, name); !done) return done;
  copy_attributes(from.get(), to.get());
  return {};
}

base::Result<void> copy_link(int from_dir, int to_dir, const std::string& name, const struct stat& status) {
  std::string target(static_cast<std::size_t>(status.st_size) + 1, '\0');
  const auto length = ::readlinkat(from_dir, name.c_str(), target.data(), target.size());
  if (length < 0) return failed(name);
  target.resize(static_cast<std::size_t>(length));
  if (::symlinkat(target.c_str(), to_dir, name.c_str()) != 0 ||
      ::fchownat(to_dir, name.c_str(), status.st_uid, status.st_gid, AT_SYMLINK_NOFOLLOW) != 0)
    return failed(name);
  return {};
}

base::Result<void> copy_node(int to_dir, const std::string& name, const struct stat& status) {
  if (::mknodat(to_dir, name.c_str(), status.st_mode, status.st_rdev) != 0 ||
      ::fchownat(to_dir, name.c_str(), status.st_uid, status.st_gid, AT_SYMLINK_NOFOLLOW) != 0)
    return failed(name);
  return {};
}

base::Result<void> copy_directory(int from, int to, int depth) {
  if (depth > kMaxDepth) return base::fail(base::ErrorKind::internal, "filling a volume from the image: too deep");
  const auto names = names_in(from);
  if (!names) return std::unexpected(names.error());
  for (const auto& name : *names) {
    struct stat status{};
    if (::fstatat(from, name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) return failed(name);
    base::Result<void> done;
    if (S_ISDIR(status.st_mode)) {
      if (::mkdirat(to, name.c_str(), 0700) != 0) return failed(name);
      const base::Fd below_from(::openat(from, name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
      const base::Fd below_to(::openat(to, name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
      if (!below_from || !below_to) return failed(name);
      done = copy_directory(below_from.get(), below_to.get(), depth + 1);
    } else if (S_ISREG(status.st_mode)) {
      done = copy_file(from, to, name, status);
    } else if (S_ISLNK(status.st_mode)) {
      done = copy_link(from, to, name, status);
    } else {
      done = copy_node(to, name, status);
    }
    if (!done) return done;
  }
  struct stat own{};
  if (::fstat(from, &own) != 0) return failed(".");
  copy_attributes(from, to);
  return copy_status(to, own, ".");
}

}  // namespace

base::Result<void> copy_image_content(int root, const std::string& target, const std::filesystem::path& volume) {
  const base::Fd to(::open(volume.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!to) return failed(volume.string());
  const auto there = names_in(to.get());
  if (!there) return std::unexpected(there.error());
  if (!there->empty()) return {};
  const auto from = open_in_root(root, target, O_RDONLY | O_DIRECTORY);
  if (!from) return {};
  return copy_directory(from->get(), to.get(), 0);
}

}  // namespace fairlead::oci
