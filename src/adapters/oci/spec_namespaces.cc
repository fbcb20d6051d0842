#include <fmt/format.h>

#include "adapters/oci/spec_parts.h"

namespace fairlead::oci {

namespace json = boost::json;

json::array spec_namespaces(const SpecInput& input) {
  const auto& launch = *input.launch;
  const auto& spec = launch.spec;
  json::array all{{{"type", "mount"}}};
  const auto add = [&](const char* type, const std::optional<pid_t>& joined, const char* file) {
    json::object one{{"type", type}};
    if (joined) one["path"] = fmt::format("/proc/{}/ns/{}", *joined, file);
    all.push_back(std::move(one));
  };
  if (!launch.netns_path.empty()) all.push_back({{"type", "network"}, {"path", launch.netns_path}});
  if (spec.uts_mode != "host") add("uts", std::nullopt, "uts");
  if (spec.pid_mode != "host") add("pid", launch.pid_namespace_of, "pid");
  if (spec.ipc_mode != "host") add("ipc", launch.ipc_namespace_of, "ipc");
  // Docker's default: private on cgroup v2, the host's on v1.
  const bool private_cgroup =
      spec.cgroupns_mode.empty() ? input.cgroups.v2 && !spec.privileged : spec.cgroupns_mode == "private";
  if (private_cgroup) add("cgroup", std::nullopt, "cgroup");
  return all;
}

base::Result<json::object> spec_sysctls(const ports::Launch& launch) {
  json::object all;
  if (launch.own_netns && !launch.spec.privileged) {
    all["net.ipv4.ip_unprivileged_port_start"] = "0";
    all["net.ipv4.ping_group_range"] = "0 2147483647";
  } else if (launch.own_netns) {
    all["net.ipv4.ip_unprivileged_port_start"] = "0";
  }
  for (const auto& [key, value] : launch.spec.sysctls) {
    if (key.starts_with("net.") && !launch.own_netns)
      return base::fail(base::ErrorKind::invalid,
                        fmt::format("sysctl \"{}\" not allowed in host network namespace", key));
    all[key] = value;
  }
  return all;
}

}  // namespace fairlead::oci
