#pragma once
#include <boost/json/object.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "ports/runtime.h"
#include "wire/oci_user.h"

namespace fairlead::oci {

/// A directory, file or device mounted from the host, its source resolved.
struct BindMount {
  std::string source, target;
  std::vector<std::string> options;  ///< beside `rbind`
};

/// A device node and its right in the device cgroup.
struct DeviceNode {
  std::string path;
  char type = 'c';  ///< c or b
  std::int64_t major = 0, minor = 0;
  std::uint32_t mode = 0666, uid = 0, gid = 0;
  std::string access = "rwm";
  bool operator==(const DeviceNode&) const = default;
};

/// What of cgroups this host has.
struct CgroupHost {
  bool v2 = false;
  std::vector<std::string> controllers;
  bool swap = false, cpu_quota = false, blkio_weight = false, oom_control = false;
  bool has(std::string_view controller) const;
};

/// Everything that the OCI configuration depends on beside the launch itself. Making it is a pure function of these.
struct SpecInput {
  const ports::Launch* launch = nullptr;
  CgroupHost cgroups;
  std::string root_path;  ///< the mounted root file system
  wire::ProcessUser user;
  std::vector<std::string> capabilities;
  std::optional<boost::json::object> seccomp;
  std::vector<BindMount> binds;  ///< volumes, binds, and /etc/hosts and its kin
  std::vector<DeviceNode> devices;
  std::string init_path;  ///< the init on the host, when one is asked for
  std::string shm_path;   ///< host directory that becomes /dev/shm; empty: a tmpfs of its own
  bool apparmor = false;  ///< the kernel has it on
};

/// config.json of the OCI runtime specification with Docker's defaults. What this host lacks and the user asked for by
/// name is `invalid`.
base::Result<boost::json::object> make_spec(const SpecInput& input);

/// Where in every cgroup hierarchy the container is: `/fairlead/ID`, or below the parent that was asked for.
std::string cgroup_path(const ports::Launch& launch);

/// `process` of a configuration, without what only a container's first process has. Shared with exec.
struct ProcessInput {
  std::vector<std::string> args, env;
  std::string cwd;
  wire::ProcessUser user;
  std::vector<std::string> capabilities;
  bool tty = false, no_new_privileges = false;
  std::uint32_t height = 0, width = 0;
  std::string apparmor_profile, selinux_label;
};
boost::json::object make_process(const ProcessInput& input);

/// Docker's environment: PATH, HOSTNAME and TERM, over which `env` is laid (`NAME` without `=` takes a name away), then
/// HOME.
std::vector<std::string> make_environment(const std::vector<std::string>& env, const std::string& hostname, bool tty,
                                          const std::string& home);
/// The value of `--security-opt KEY=VALUE` or `KEY:VALUE`; the last one counts.
std::optional<std::string> security_option(const std::vector<std::string>& options, std::string_view key);
/// `no-new-privileges` in any of its forms.
bool no_new_privileges(const std::vector<std::string>& options);

}  // namespace fairlead::oci
