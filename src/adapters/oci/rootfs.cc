#include "adapters/oci/rootfs.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <cerrno>

namespace fairlead::oci {
namespace {

constexpr std::size_t kMaxText = 1 << 20;

std::string fd_path(const base::Fd& fd) {
  return "/proc/self/fd/" + std::to_string(fd.get());
}

base::Result<base::Fd> open_dir(const std::string& path) {
  base::Fd fd(::open(path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!fd) return base::fail_errno(errno, "cannot open " + path);
  return fd;
}

base::Result<void> make_dir(const std::filesystem::path& path, mode_t mode) {
  if (::mkdir(path.c_str(), mode) != 0 && errno != EEXIST)
    return base::fail_errno(errno, "cannot make " + path.string());
  return {};
}

}  // namespace

base::Result<void> mount_root(const ContainerPaths& paths, const std::vector<std::string>& layer_dirs) {
  for (const auto& [path, mode] : {std::pair{paths.upper(), 0755}, {paths.work(), 0700}, {paths.root(), 0755}})
    if (auto made = make_dir(path, static_cast<mode_t>(mode)); !made) return made;
  std::vector<std::string> lower(layer_dirs.rbegin(), layer_dirs.rend());
  if (lower.empty()) {
    // An image without layers: overlayfs wants one all the same.
    const auto nothing = paths.data / "empty";
    if (auto made = make_dir(nothing, 0755); !made) return made;
    lower.push_back(nothing.string());
  }
  // One option string of mount(2) is at most a page, and `:` and `,` have meaning in it: descriptors are short and
  // plain.
  std::vector<base::Fd> held;
  std::string options = "lowerdir=";
  for (const auto& dir : lower) {
    auto fd = open_dir(dir);
    if (!fd) return std::unexpected(fd.error());
    options += (held.empty() ? "" : ":") + fd_path(*fd);
    held.push_back(std::move(*fd));
  }
  auto upper = open_dir(paths.upper().string());
  auto work = open_dir(paths.work().string());
  if (!upper) return std::unexpected(upper.error());
  if (!work) return std::unexpected(work.error());
  options += ",upperdir=" + fd_path(*upper) + ",workdir=" + fd_path(*work);
  if (::mount("overlay", paths.root().c_str(), "overlay", 0, options.c_str()) != 0)
    return base::fail_errno(errno, "cannot mount the root file system (overlayfs) at " + paths.root().string());
  return {};
}

base::Result<void> unmount(const std::filesystem::path& mount_point) {
  while (::umount2(mount_point.c_str(), MNT_DETACH | UMOUNT_NOFOLLOW) == 0) {
  }
  if (errno == EINVAL || errno == ENOENT) return {};
  return base::fail_errno(errno, "cannot unmount " + mount_point.string());
}

base::Result<base::Fd> open_in_root(int root, const std::string& path, int flags) {
  open_how how{};
  how.flags = static_cast<__u64>(flags | O_CLOEXEC);
  how.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS;
  base::Fd fd(static_cast<int>(::syscall(SYS_openat2, root, path.c_str(), &how, sizeof how)));
  if (!fd) {
    const auto kind = errno == ENOENT ? base::ErrorKind::not_found : base::ErrorKind::internal;
    auto error = base::fail_errno(errno, "cannot open " + path + " in the root file system");
    error.error().kind = kind;
    return error;
  }
  return fd;
}

std::string read_in_root(int root, const std::string& path) {
  // O_NONBLOCK: an image may hold a FIFO under that name.
  const auto fd = open_in_root(root, path, O_RDONLY | O_NONBLOCK | O_NOCTTY);
  struct stat status{};
  if (!fd || ::fstat(fd->get(), &status) != 0 || !S_ISREG(status.st_mode)) return {};
  std::string text(kMaxText, '\0');
  std::size_t length = 0;
  while (length < text.size()) {
    const auto count = ::read(fd->get(), text.data() + length, text.size() - length);
    if (count <= 0) break;
    length += static_cast<std::size_t>(count);
  }
  text.resize(length);
  return text;
}

}  // namespace fairlead::oci
