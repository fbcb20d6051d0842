#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <map>

#include "adapters/oci/spec_parts.h"

namespace fairlead::oci {
namespace {

namespace json = boost::json;

struct Mount {
  std::string target, type, source;
  std::vector<std::string> options;
};

/// Without doubled and trailing slashes, `.` and `..`.
std::string clean(const std::string& path) {
  auto text = std::filesystem::path(path).lexically_normal().string();
  if (text.size() > 1 && text.ends_with('/')) text.pop_back();
  return text;
}

std::vector<std::string> split_options(const std::string& text) {
  std::vector<std::string> parts;
  std::size_t begin = 0;
  while (begin <= text.size() && !text.empty()) {
    const auto end = text.find(',', begin);
    if (auto part = text.substr(begin, end - begin); !part.empty()) parts.push_back(std::move(part));
    if (end == std::string::npos) break;
    begin = end + 1;
  }
  return parts;
}

std::vector<Mount> defaults(const SpecInput& input) {
  const auto& spec = input.launch->spec;
  const std::string system_rights = spec.privileged ? "rw" : "ro";
  std::vector<Mount> all = {
      {"/proc", "proc", "proc", {"nosuid", "noexec", "nodev"}},
      {"/dev", "tmpfs", "tmpfs", {"nosuid", "strictatime", "mode=755", "size=65536k"}},
      {"/dev/pts", "devpts", "devpts", {"nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"}},
      {"/sys", "sysfs", "sysfs", {"nosuid", "noexec", "nodev", system_rights}},
      {"/sys/fs/cgroup", "cgroup", "cgroup", {system_rights, "nosuid", "noexec", "nodev"}},
      {"/dev/mqueue", "mqueue", "mqueue", {"nosuid", "noexec", "nodev"}}};
  if (spec.ipc_mode == "host")
    all.back() = {"/dev/mqueue", "bind", "/dev/mqueue", {"rbind", "nosuid", "noexec", "nodev"}};
  if (!input.shm_path.empty())
    all.push_back({"/dev/shm", "bind", input.shm_path, {"rbind", "rprivate"}});
  else if (spec.ipc_mode != "none")
    all.push_back({"/dev/shm",
                   "tmpfs",
                   "shm",
                   {"nosuid", "noexec", "nodev", "mode=1777", fmt::format("size={}", spec.shm_size)}});
  return all;
}

Mount tmpfs(const std::string& target, const std::string& options, bool read_only) {
  Mount mount{clean(target), "tmpfs", "tmpfs", {"noexec", "nosuid", "nodev"}};
  for (auto& option : split_options(options)) {
    const auto without = [&](std::string_view gone) { std::erase(mount.options, gone); };
    if (option == "exec") without("noexec");
    if (option == "suid") without("nosuid");
    if (option == "dev") without("nodev");
    if (std::ranges::find(mount.options, option) == mount.options.end()) mount.options.push_back(std::move(option));
  }
  if (read_only) mount.options.emplace_back("ro");
  return mount;
}

std::ptrdiff_t depth(const std::string& path) {
  return path == "/" ? 0 : std::ranges::count(path, '/');
}

base::Result<void> add_users(const SpecInput& input, std::map<std::string, Mount>& by_target) {
  const auto& spec = input.launch->spec;
  const auto put = [&](Mount mount) -> base::Result<void> {
    if (!mount.target.starts_with('/') || mount.target == "/")
      return base::fail(base::ErrorKind::invalid,
                        fmt::format("invalid mount config: destination '{}' is not allowed", mount.target));
    by_target.insert_or_assign(mount.target, std::move(mount));
    return {};
  };
  for (const auto& [target, options] : spec.tmpfs)
    if (auto done = put(tmpfs(target, options, false)); !done) return done;
  for (const auto& mount : spec.mounts) {
    if (mount.kind != ports::MountRequest::Kind::tmpfs) continue;
    if (auto done = put(tmpfs(mount.target, mount.options, mount.read_only)); !done) return done;
  }
  for (const auto& bind : input.binds) {
    Mount mount{clean(bind.target), "bind", bind.source, {"rbind"}};
    mount.options.insert(mount.options.end(), bind.options.begin(), bind.options.end());
    if (auto done = put(std::move(mount)); !done) return done;
  }
  return {};
}

}  // namespace

base::Result<json::array> spec_mounts(const SpecInput& input) {
  const auto system = defaults(input);
  std::map<std::string, Mount> users;
  if (auto done = add_users(input, users); !done) return std::unexpected(done.error());
  if (!input.init_path.empty())
    users.insert_or_assign("/sbin/docker-init", Mount{"/sbin/docker-init", "bind", input.init_path, {"bind", "ro"}});

  // The system's come first and in their order, unless the user mounts something there; then parents before children.
  std::vector<Mount> all;
  for (const auto& mount : system)
    if (!users.contains(mount.target)) all.push_back(mount);
  std::vector<Mount> rest;
  for (auto& [target, mount] : users) rest.push_back(std::move(mount));
  std::ranges::sort(rest, {}, [](const Mount& mount) { return std::pair(depth(mount.target), mount.target); });
  all.insert(all.end(), rest.begin(), rest.end());

  json::array out;
  for (const auto& mount : all)
    out.push_back({{"destination", mount.target},
                   {"type", mount.type},
                   {"source", mount.source},
                   {"options", strings(mount.options)}});
  return out;
}

}  // namespace fairlead::oci
