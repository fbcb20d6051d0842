#pragma once
#include <memory>
#include <string>

#include "adapters/oci/runtime_paths.h"
#include "adapters/oci/seccomp.h"
#include "adapters/oci/spec.h"
#include "base/error.h"
#include "ports/runtime.h"

namespace fairlead::oci {

/// Names of the files that we write for a container and mount into it at /etc.
inline constexpr const char* kHostname = "hostname";
inline constexpr const char* kHosts = "hosts";
inline constexpr const char* kResolvConf = "resolv.conf";

/// Where a generated file of `id` is.
std::filesystem::path generated_file(const Roots& roots, const base::ContainerId& id, const std::string& file);

/// Writes everything the runtime's `create` reads: config.json, hosts and its kin, filled volumes. The root is mounted
/// already.
base::Result<void> write_bundle(const Roots& roots, const ports::Launch& launch, SeccompDefaults& seccomp,
                                const std::string& init_path);

/// Bind mounts for binds, volumes (filled from the image when new) and the generated files.
base::Result<std::vector<BindMount>> gather_binds(const Roots& roots, const ports::Launch& launch, int root);
/// `--device` and, when privileged, every device of the host.
base::Result<std::vector<DeviceNode>> gather_devices(const ports::ContainerSpec& spec);

}  // namespace fairlead::oci
