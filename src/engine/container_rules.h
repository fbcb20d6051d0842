#pragma once
/// What Docker refuses of a container's settings at create, with its words. Networks stand in `network_mode.h`.
#include "base/error.h"
#include "engine/settings.h"
#include "ports/container_spec.h"

namespace fairlead::engine {

/// Config and HostConfig as asked for, before the image is merged. `cpus`: processors of the machine, 0 unknown.
base::Result<void> check_spec(const Settings& settings, const ports::ContainerSpec& spec, int cpus);
/// Memory, CPU, block I/O and shared memory.
base::Result<void> check_resources(const ports::ContainerSpec& spec, int cpus);

}  // namespace fairlead::engine
