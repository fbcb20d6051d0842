#pragma once
#include <sys/types.h>

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "adapters/oci/runtime_paths.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/id.h"

namespace fairlead::oci {

/// What `cleanup` must know of a launch, also after a restart of the daemon: `<exec-root>/ID/launch`.
struct LaunchRecord {
  std::string runtime, runtime_path, cgroup;
};
base::Result<void> write_record(const ContainerPaths& paths, const LaunchRecord& record);
std::optional<LaunchRecord> read_record(const ContainerPaths& paths);

/// Whether the runtime is runc, whose state directory and start FIFO we handle ourselves: a process less at each start.
bool is_runc(const std::string& runtime_path);

/// A container's processes, held by pidfd so that a reused pid is never touched.
struct Live {
  pid_t pid = 0, monitor_pid = 0;
  base::Fd process, monitor;
};

/// The containers whose processes we hold. Thread-safe.
class LiveTable {
 public:
  void put(const base::ContainerId& id, Live live);
  std::shared_ptr<Live> find(const base::ContainerId& id) const;
  std::shared_ptr<Live> take(const base::ContainerId& id);

 private:
  mutable std::mutex mutex_;
  std::map<base::ContainerId, std::shared_ptr<Live>> all_;
};

/// Lets a created container's process run: reads the FIFO on which runc's `create` waits, as `runc start` does.
base::Result<void> release_by_fifo(const std::filesystem::path& state_dir, int pidfd);

/// The monitors (conmon) of this exec-root that run now, by container.
std::map<base::ContainerId, pid_t> running_monitors(const std::filesystem::path& exec_root);

/// The processes of a container of an earlier daemon, as far as they live and are still its own.
Live find_live(const base::ContainerId& id, const ContainerPaths& paths, pid_t monitor_pid);

}  // namespace fairlead::oci
