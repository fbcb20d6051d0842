#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <set>

#include "adapters/oci/bundle.h"

namespace fairlead::oci {
namespace {

namespace fs = std::filesystem;

std::optional<DeviceNode> node_at(const std::string& host_path, const std::string& inside, const std::string& access) {
  struct stat status{};
  if (::stat(host_path.c_str(), &status) != 0) return std::nullopt;
  if (!S_ISCHR(status.st_mode) && !S_ISBLK(status.st_mode)) {
    errno = ENOTTY;
    return std::nullopt;
  }
  return DeviceNode{.path = inside,
                    .type = S_ISBLK(status.st_mode) ? 'b' : 'c',
                    .major = ::major(status.st_rdev),
                    .minor = ::minor(status.st_rdev),
                    .mode = status.st_mode & 0777,
                    .uid = status.st_uid,
                    .gid = status.st_gid,
                    .access = access};
}

/// Devices below a host directory, except what the runtime makes itself or what is a file system of its own.
void below(const fs::path& host, const fs::path& inside, const std::string& access, std::vector<DeviceNode>& into) {
  static const std::set<std::string, std::less<>> kLeftOut = {"pts",  "shm",         "fd",    "mqueue",
                                                              ".lxc", ".lxd-mounts", ".udev", "console"};
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(host, error)) {
    const auto name = entry.path().filename();
    std::error_code ignored;
    if (kLeftOut.contains(name.string()) || entry.is_symlink(ignored)) continue;
    if (entry.is_directory(ignored))
      below(entry.path(), inside / name, access, into);
    else if (auto node = node_at(entry.path().string(), (inside / name).string(), access))
      into.push_back(std::move(*node));
  }
}

}  // namespace

base::Result<std::vector<DeviceNode>> gather_devices(const ports::ContainerSpec& spec) {
  std::vector<DeviceNode> nodes;
  if (spec.privileged) below("/dev", "/dev", "rwm", nodes);
  for (const auto& asked : spec.devices) {
    const auto inside = asked.container_path.empty() ? asked.host_path : asked.container_path;
    const auto access = asked.permissions.empty() ? "rwm" : asked.permissions;
    std::error_code ignored;
    if (fs::is_directory(asked.host_path, ignored)) {
      below(asked.host_path, inside, access, nodes);
      continue;
    }
    auto node = node_at(asked.host_path, inside, access);
    if (!node) {
      const int why = errno;
      const auto what =
          fmt::format("error gathering device information while adding custom device \"{}\"", asked.host_path);
      if (why == ENOTTY) return base::fail(base::ErrorKind::invalid, what + ": not a device node");
      return base::fail_errno(why, what);
    }
    std::erase_if(nodes, [&](const DeviceNode& one) { return one.path == node->path; });
    nodes.push_back(std::move(*node));
  }
  std::ranges::sort(nodes, {}, &DeviceNode::path);
  return nodes;
}

}  // namespace fairlead::oci
