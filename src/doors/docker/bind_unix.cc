#include "doors/docker/bind_unix.h"

#include <fmt/format.h>
#include <grp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <cerrno>
#include <charconv>
#include <cstring>
#include <filesystem>

namespace fairlead::docker {
namespace {

base::Result<sockaddr_un> to_address(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.empty() || path.size() >= sizeof address.sun_path)
    return base::fail(base::ErrorKind::invalid,
                      fmt::format("socket path \"{}\" has {} bytes; a unix socket's path may have 1 to {}", path,
                                  path.size(), sizeof address.sun_path - 1));
  std::memcpy(address.sun_path, path.data(), path.size());
  return address;
}

base::Result<gid_t> to_gid(const std::string& group) {
  if (const auto* entry = ::getgrnam(group.c_str())) return entry->gr_gid;
  gid_t number = 0;
  const auto* end = group.data() + group.size();
  const auto parsed = std::from_chars(group.data(), end, number);
  if (parsed.ec == std::errc() && parsed.ptr == end) return number;
  return base::fail(base::ErrorKind::invalid, fmt::format("group {} not found", group));
}

/// Removes what an ended daemon left at `path`.
base::Result<void> clear_path(const std::string& path, const sockaddr_un& address) {
  struct stat info{};
  if (::lstat(path.c_str(), &info) != 0) return {};
  if (!S_ISSOCK(info.st_mode))
    return base::fail(base::ErrorKind::invalid, fmt::format("{} exists and is no socket", path));
  const base::Fd probe(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  const int connected = ::connect(probe.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address);
  // EAGAIN: its listener's queue is full, so there is one.
  if (connected == 0 || errno == EAGAIN)
    return base::fail(base::ErrorKind::conflict, fmt::format("{} is in use: another daemon listens on it", path));
  if (errno != ECONNREFUSED) return base::fail_errno(errno, "connect to " + path);
  if (::unlink(path.c_str()) != 0 && errno != ENOENT) return base::fail_errno(errno, "remove old socket " + path);
  return {};
}

}  // namespace

base::Result<base::Fd> bind_unix(const std::string& path, mode_t mode, const std::optional<std::string>& group) {
  const auto address = to_address(path);
  if (!address) return std::unexpected(address.error());
  std::optional<gid_t> gid;
  if (group) {
    const auto found = to_gid(*group);
    if (!found) return std::unexpected(found.error());
    gid = *found;
  }
  std::error_code error;
  if (const auto folder = std::filesystem::path(path).parent_path(); !folder.empty())
    std::filesystem::create_directories(folder, error);
  if (error) return base::fail(base::ErrorKind::internal, "make the folder of " + path + ": " + error.message());
  if (const auto cleared = clear_path(path, *address); !cleared) return std::unexpected(cleared.error());

  base::Fd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket) return base::fail_errno(errno, "socket");
  // The file appears with the socket's own mode (unix(7)): nobody else can slip in between bind and chmod.
  if (::fchmod(socket.get(), mode) != 0) return base::fail_errno(errno, "fchmod");
  if (::bind(socket.get(), reinterpret_cast<const sockaddr*>(&*address), sizeof *address) != 0)
    return base::fail_errno(errno, "bind " + path);
  const bool owned = !gid || ::chown(path.c_str(), static_cast<uid_t>(-1), *gid) == 0;
  if (!owned || ::chmod(path.c_str(), mode) != 0 || ::listen(socket.get(), SOMAXCONN) != 0) {
    const int reason = errno;
    ::unlink(path.c_str());
    return base::fail_errno(reason, "set up " + path);
  }
  return socket;
}

}  // namespace fairlead::docker
