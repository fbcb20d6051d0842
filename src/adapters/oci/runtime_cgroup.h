#pragma once
#include <string>

#include "adapters/oci/spec.h"

namespace fairlead::oci {

/// What of cgroups this host has, asked once; v1, v2 and the hybrid of both.
const CgroupHost& cgroup_host();
/// Capabilities that this daemon may hand on (CapBnd of proc(5)).
std::uint64_t available_capabilities();

/// Kills what is left in a container's cgroup (`/fairlead/ID`) and removes it from every hierarchy. True when it is
/// gone.
bool remove_cgroup(const std::string& path);
/// Whether a process belongs to the container: its cgroup has the id in its path, which a reused pid's has not.
bool belongs_to(pid_t pid, const std::string& container_id);

}  // namespace fairlead::oci
