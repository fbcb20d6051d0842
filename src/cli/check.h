#pragma once
/// What this host's kernel and programs allow.
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "cli/finding.h"

namespace fairlead::cli {

enum class CgroupLayout { v2, hybrid, v1, none };
/// Of /sys/fs/cgroup (cgroups(7)): cgroup2 itself; v1 hierarchies, with or without `unified` beside them; nothing.
CgroupLayout cgroup_layout();

/// Where a program is: in PATH or in the administrator's folders, which `sudo` and plain shells may leave out.
using FindProgram = std::function<std::optional<std::string>(const std::string& name)>;
std::optional<std::string> find_program(const std::string& name);

/// Tries the kernel out in namespaces of its own; nothing of the host is changed.
std::vector<Finding> check_kernel();
std::vector<Finding> check_programs(const FindProgram& find, CgroupLayout layout);

}  // namespace fairlead::cli
