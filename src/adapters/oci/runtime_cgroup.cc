#include "adapters/oci/runtime_cgroup.h"

#include <linux/magic.h>
#include <signal.h>
#include <sys/statfs.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <thread>

namespace fairlead::oci {
namespace {

namespace fs = std::filesystem;

const fs::path kRoot = "/sys/fs/cgroup";

std::string read_text(const fs::path& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

bool is_there(const fs::path& path) {
  return ::access(path.c_str(), F_OK) == 0;
}

/// Mount points of every hierarchy: the one of v2, or all of v1 (and the v2 one beside them).
std::vector<fs::path> hierarchies() {
  std::vector<fs::path> all;
  std::istringstream mounts(read_text("/proc/self/mountinfo"));
  for (std::string line; std::getline(mounts, line);) {
    const auto dash = line.find(" - cgroup");
    if (dash == std::string::npos) continue;
    std::istringstream fields(line);
    std::string skipped, root, point;
    fields >> skipped >> skipped >> skipped >> root >> point;
    if (root == "/") all.emplace_back(point);
  }
  return all;
}

CgroupHost look() {
  CgroupHost host;
  struct statfs status{};
  host.v2 = ::statfs(kRoot.c_str(), &status) == 0 && status.f_type == CGROUP2_SUPER_MAGIC;
  if (host.v2) {
    std::istringstream names(read_text(kRoot / "cgroup.controllers"));
    for (std::string name; names >> name;) host.controllers.push_back(name == "io" ? "blkio" : name);
    host.swap = is_there("/proc/swaps");
    host.cpu_quota = host.has("cpu");
    host.blkio_weight = host.has("blkio");
    return host;
  }
  for (const auto* name : {"cpu", "cpuset", "memory", "pids", "blkio", "devices", "freezer"})
    if (is_there(kRoot / name)) host.controllers.emplace_back(name);
  host.swap = is_there(kRoot / "memory/memory.memsw.limit_in_bytes");
  host.cpu_quota = is_there(kRoot / "cpu/cpu.cfs_quota_us");
  // The weight itself is not shown in the root of the hierarchy; BFQ's counters are.
  host.blkio_weight = is_there(kRoot / "blkio/blkio.weight") || is_there(kRoot / "blkio/blkio.bfq.io_serviced");
  host.oom_control = is_there(kRoot / "memory/memory.oom_control");
  return host;
}

void kill_all(const fs::path& group) {
  if (std::ofstream all(group / "cgroup.kill"); all && all << "1" && all.flush()) return;
  std::istringstream pids(read_text(group / "cgroup.procs"));
  for (pid_t pid = 0; pids >> pid;)
    if (pid > 0) ::kill(pid, SIGKILL);
}

/// True when the directory is gone; children first.
bool remove_tree_of_groups(const fs::path& group) {
  if (::rmdir(group.c_str()) == 0 || errno == ENOENT) return true;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(group, error)) {
    std::error_code ignored;
    if (entry.is_directory(ignored)) remove_tree_of_groups(entry.path());
  }
  kill_all(group);
  return ::rmdir(group.c_str()) == 0 || errno == ENOENT;
}

}  // namespace

const CgroupHost& cgroup_host() {
  static const CgroupHost host = look();
  return host;
}

std::uint64_t available_capabilities() {
  static const std::uint64_t mask = [] {
    std::istringstream status(read_text("/proc/self/status"));
    for (std::string line; std::getline(status, line);)
      if (line.starts_with("CapBnd:")) return std::strtoull(line.c_str() + 7, nullptr, 16);
    return 0ULL;
  }();
  return mask;
}

bool remove_cgroup(const std::string& path) {
  const auto relative = fs::path(path).relative_path();
  if (relative.empty() || !relative.has_parent_path()) return true;
  static const auto all = hierarchies();
  bool gone = true;
  for (const auto& hierarchy : all) {
    const auto group = hierarchy / relative;
    // A killed process leaves its cgroup a little later.
    auto pause = std::chrono::milliseconds(1);
    bool removed = remove_tree_of_groups(group);
    for (int attempt = 0; !removed && attempt < 10; ++attempt, pause *= 2) {
      std::this_thread::sleep_for(pause);
      removed = remove_tree_of_groups(group);
    }
    gone = gone && removed;
  }
  return gone;
}

bool belongs_to(pid_t pid, const std::string& container_id) {
  return pid > 0 && read_text("/proc/" + std::to_string(pid) + "/cgroup").contains(container_id);
}

}  // namespace fairlead::oci
