#pragma once
#include <filesystem>
#include <string>
#include <vector>

#include "adapters/oci/runtime_paths.h"
#include "base/error.h"
#include "base/fd.h"

namespace fairlead::oci {

/// Mounts layers (lowest first) and the container's writable layer with overlayfs at `paths.root()`. Any number and
/// length of layer paths: they are handed over as descriptors. Makes missing directories.
base::Result<void> mount_root(const ContainerPaths& paths, const std::vector<std::string>& layer_dirs);
/// Takes a mount away, also while it is in use. Success where nothing is mounted.
base::Result<void> unmount(const std::filesystem::path& mount_point);

/// Opens `path` below `root`, symbolic links followed as if `root` were `/` (openat2(2), RESOLVE_IN_ROOT).
base::Result<base::Fd> open_in_root(int root, const std::string& path, int flags);
/// The text of a file below `root`, at most 1 MiB; empty where it is missing or not a regular file.
std::string read_in_root(int root, const std::string& path);

}  // namespace fairlead::oci
