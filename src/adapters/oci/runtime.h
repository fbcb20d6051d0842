#pragma once
#include <filesystem>
#include <map>
#include <memory>
#include <string>

#include "adapters/oci/log_stream.h"
#include "base/error.h"
#include "ports/runtime.h"

namespace fairlead::oci {

struct RuntimeOptions {
  std::filesystem::path data_root, exec_root;
  std::map<std::string, std::string> runtimes;  ///< name → program; `runc` and `crun` are looked for on PATH
  std::string default_runtime = "runc";
  ports::Clock* clock = nullptr;
  std::string init_path;        ///< for `--init`; empty: docker-init, tini or catatonit from PATH
  std::string seccomp_profile;  ///< empty: the one of containers-common
};

/// Containers under an OCI runtime and conmon. Makes this process the reaper of its orphaned descendants
/// (PR_SET_CHILD_SUBREAPER): processes of `exec` become its children.
base::Result<std::unique_ptr<ports::Runtime>> open_runtime(const RuntimeOptions& options);

}  // namespace fairlead::oci
