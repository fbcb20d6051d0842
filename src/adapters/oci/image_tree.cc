#include "adapters/oci/image_tree.h"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <memory>

namespace fairlead::oci {

namespace {

bool is_whiteout(const struct stat& info) {
  return S_ISCHR(info.st_mode) && info.st_rdev == makedev(0, 0);
}

base::Result<void> remove_entry(int parent, const std::string& name);

/// Removes all below an open directory; symbolic links are removed, never followed.
base::Result<void> empty_directory(base::Fd directory) {
  std::unique_ptr<DIR, decltype(&closedir)> list(fdopendir(directory.get()), closedir);
  if (!list) return base::fail_errno(errno, "read a directory of a layer");
  directory.release();
  while (const auto* entry = readdir(list.get())) {
    const std::string name = entry->d_name;
    if (name == "." || name == "..") continue;
    if (auto removed = remove_entry(dirfd(list.get()), name); !removed) return removed;
  }
  return {};
}

base::Result<void> remove_entry(int parent, const std::string& name) {
  if (unlinkat(parent, name.c_str(), 0) == 0 || errno == ENOENT) return {};
  if (errno != EISDIR && errno != EPERM) return base::fail_errno(errno, "remove " + name);
  base::Fd inner(openat(parent, name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!inner) return base::fail_errno(errno, "open " + name);
  if (auto emptied = empty_directory(std::move(inner)); !emptied) return emptied;
  if (unlinkat(parent, name.c_str(), AT_REMOVEDIR) != 0) return base::fail_errno(errno, "remove " + name);
  return {};
}

}  // namespace

base::Result<std::string> clean_entry_path(std::string_view name) {
  const auto refuse = [&](std::string_view why) {
    return base::fail(base::ErrorKind::invalid, fmt::format("invalid archive: \"{}\" {}", name, why));
  };
  if (name.size() >= PATH_MAX) return base::fail(base::ErrorKind::invalid, "invalid archive: a name is too long");
  if (name.starts_with('/')) return refuse("is an absolute path");
  std::string out;
  for (auto rest = name; !rest.empty();) {
    const auto slash = rest.find('/');
    const auto part = rest.substr(0, slash);
    rest = slash == std::string_view::npos ? std::string_view{} : rest.substr(slash + 1);
    if (part == "..") return refuse("leads out of the archive");
    if (part.empty() || part == ".") continue;
    if (!out.empty()) out += '/';
    out += part;
  }
  return out;
}

std::string proc_path(int parent, const std::string& name) {
  return fmt::format("/proc/self/fd/{}/{}", parent, name);
}

base::Result<void> make_whiteout(int parent, const std::string& name) {
  if (mknodat(parent, name.c_str(), S_IFCHR, makedev(0, 0)) == 0) return {};
  return base::fail_errno(errno, "make a whiteout for " + name);
}

base::Result<void> make_opaque(int parent, const std::string& name) {
  if (lsetxattr(proc_path(parent, name).c_str(), "trusted.overlay.opaque", "y", 1, 0) == 0) return {};
  return base::fail_errno(errno, "make a directory opaque");
}

base::Result<base::Fd> LayerTree::open(int from, const std::string& path) const {
  open_how how{};
  how.flags = O_PATH | O_DIRECTORY | O_CLOEXEC;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS;
  base::Fd fd(static_cast<int>(syscall(SYS_openat2, from, path.empty() ? "." : path.c_str(), &how, sizeof how)));
  if (fd) return fd;
  switch (errno) {
    case ENOENT:
      return base::fail(base::ErrorKind::not_found, "no such directory", path);
    case ELOOP:
    case ENOTDIR:
    case EXDEV:
      return base::fail(base::ErrorKind::invalid,
                        fmt::format("invalid archive: \"{}\" leads through something that is no directory", path));
    case ENAMETOOLONG:
      return base::fail(base::ErrorKind::invalid, "invalid archive: a name is too long");
    default:
      return base::fail_errno(errno, "open " + path);
  }
}

base::Result<base::Fd> LayerTree::existing_directory(const std::string& path) const {
  return open(root_, path);
}

base::Result<int> LayerTree::directory(const std::string& path) {
  if (path.empty()) return root_;
  if (cached_ && path == cached_path_) return cached_.get();
  auto fd = open(root_, path);
  if (!fd && (fd.error().kind == base::ErrorKind::not_found || fd.error().kind == base::ErrorKind::invalid)) {
    if (auto made = make_path(path); !made) return std::unexpected(made.error());
    fd = open(root_, path);
  }
  if (!fd) return std::unexpected(fd.error());
  cached_ = std::move(*fd);
  cached_path_ = path;
  return cached_.get();
}

/// Makes the missing directories of `path`. A whiteout in the way becomes an opaque directory: it hid the lower layers'
/// name, and an entry below it says that the name lives on with new content.
base::Result<void> LayerTree::make_path(const std::string& path) {
  base::Fd held;
  int here = root_;
  for (std::size_t at = 0; at < path.size();) {
    const auto slash = std::min(path.find('/', at), path.size());
    const auto name = path.substr(at, slash - at);
    at = slash + 1;
    struct stat info{};
    const bool exists = fstatat(here, name.c_str(), &info, AT_SYMLINK_NOFOLLOW) == 0;
    if (!exists || is_whiteout(info)) {
      if (auto made = make_directory(here, name); !made) return made;
    }
    auto next = open(here, name);
    if (!next) return std::unexpected(next.error());
    held = std::move(*next);
    here = held.get();
  }
  return {};
}

base::Result<void> LayerTree::make_directory(int parent, const std::string& name) {
  struct stat info{};
  const bool exists = fstatat(parent, name.c_str(), &info, AT_SYMLINK_NOFOLLOW) == 0;
  if (exists && S_ISDIR(info.st_mode)) return {};
  if (exists && unlinkat(parent, name.c_str(), 0) != 0) return base::fail_errno(errno, "replace " + name);
  if (mkdirat(parent, name.c_str(), 0755) != 0) {
    if (errno == ENAMETOOLONG) return base::fail(base::ErrorKind::invalid, "invalid archive: a name is too long");
    return base::fail_errno(errno, "mkdir " + name);
  }
  // The process's umask must not decide what an image looks like.
  if (fchmodat(parent, name.c_str(), 0755, 0) != 0) return base::fail_errno(errno, "chmod " + name);
  if (exists && is_whiteout(info)) return make_opaque(parent, name);
  return {};
}

base::Result<void> LayerTree::clear(int parent, const std::string& name) {
  if (unlinkat(parent, name.c_str(), 0) == 0 || errno == ENOENT) return {};
  if (errno == ENAMETOOLONG) return base::fail(base::ErrorKind::invalid, "invalid archive: a name is too long");
  // The cached directory may lie below what goes away now, unless it is the parent itself.
  if (parent != cached_.get()) cached_.reset();
  return remove_entry(parent, name);
}

}  // namespace fairlead::oci
