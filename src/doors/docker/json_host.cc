#include <sys/sysinfo.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <fstream>
#include <set>
#include <sstream>

#include "doors/docker/json_system.h"

namespace fairlead::docker {
namespace {

/// A value of /etc/os-release (os-release(5)), without its quotes.
std::string os_release(const std::string& key) {
  std::ifstream file("/etc/os-release");
  for (std::string line; std::getline(file, line);) {
    if (!line.starts_with(key + "=")) continue;
    auto value = line.substr(key.size() + 1);
    if (value.size() >= 2 && (value.front() == '"' || value.front() == '\'')) value = value.substr(1, value.size() - 2);
    return value;
  }
  return {};
}

bool is_one(const char* path) {
  std::ifstream file(path);
  int value = 0;
  return file >> value && value == 1;
}

/// Controllers of cgroup v2, else the enabled ones of /proc/cgroups (cgroups(7)).
std::set<std::string> controllers(bool unified) {
  std::set<std::string> names;
  std::ifstream file(unified ? "/sys/fs/cgroup/cgroup.controllers" : "/proc/cgroups");
  std::string line;
  while (std::getline(file, line)) {
    std::istringstream words(line);
    std::string name, hierarchy, count, enabled;
    if (unified) {
      while (words >> name) names.insert(name);
    } else if (words >> name >> hierarchy >> count >> enabled && name.front() != '#' && enabled == "1") {
      names.insert(name);
    }
  }
  return names;
}

}  // namespace

HostInfo read_host() {
  HostInfo host;
  utsname name{};
  uname(&name);
  host.kernel = name.release;
  host.machine = name.machine;
  host.hostname = name.nodename;
  host.os = os_release("PRETTY_NAME");
  host.os_version = os_release("VERSION_ID");
  struct sysinfo memory{};
  if (sysinfo(&memory) == 0) host.memory = static_cast<std::int64_t>(memory.totalram) * memory.mem_unit;
  host.cpus = static_cast<int>(sysconf(_SC_NPROCESSORS_ONLN));
  const bool unified = access("/sys/fs/cgroup/cgroup.controllers", F_OK) == 0;
  host.cgroup_version = unified ? "2" : "1";
  host.cgroup_driver = "cgroupfs";
  const auto known = controllers(unified);
  host.memory_limit = known.contains("memory");
  host.swap_limit =
      host.memory_limit && (unified || access("/sys/fs/cgroup/memory/memory.memsw.limit_in_bytes", F_OK) == 0);
  host.cpu_quota = known.contains("cpu");
  host.cpuset = known.contains("cpuset");
  host.pids_limit = known.contains("pids");
  host.bridge_nf_iptables = is_one("/proc/sys/net/bridge/bridge-nf-call-iptables");
  host.bridge_nf_ip6tables = is_one("/proc/sys/net/bridge/bridge-nf-call-ip6tables");
  host.ipv4_forwarding = is_one("/proc/sys/net/ipv4/ip_forward");
  return host;
}

}  // namespace fairlead::docker
