#include <fmt/format.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "adapters/oci/conmon.h"
#include "adapters/oci/image_files.h"
#include "adapters/oci/rootfs.h"
#include "adapters/oci/runtime_adapter.h"
#include "adapters/oci/runtime_cgroup.h"
#include "adapters/oci/runtime_process.h"
#include "base/log.h"

namespace fairlead::oci {
namespace {

constexpr std::chrono::seconds kKillLimit{10};
constexpr std::chrono::seconds kMonitorLimit{5};

void kill_by(int pidfd) {
  ::syscall(SYS_pidfd_send_signal, pidfd, SIGKILL, nullptr, 0);
}

bool is_there(const std::filesystem::path& path) {
  return ::access(path.c_str(), F_OK) == 0;
}

}  // namespace

/// The first process of a PID namespace cannot end before every other one in it has been collected, and those of `exec`
/// are ours.
void OciRuntime::end_execs(const base::ContainerId& id) {
  const std::lock_guard lock(exec_mutex_);
  for (auto& [pid, child] : execs_) {
    if (child.container != id || child.exit_code) continue;
    kill_by(child.process.get());
    if (ended_within(child.process.get(), kKillLimit)) child.exit_code = collect(child.process.get());
  }
}

void OciRuntime::end_processes(const base::ContainerId& id) {
  auto live = live_.take(id);
  const auto paths = roots_.of(id);
  if (!live) {
    if (!is_there(paths.bundle)) return;
    // A launch that failed half-way, or one of an earlier daemon.
    const auto monitors = running_monitors(roots_.exec);
    const auto monitor = monitors.find(id);
    live = std::make_shared<Live>(find_live(id, paths, monitor == monitors.end() ? 0 : monitor->second));
  }
  if (live->process) {
    kill_by(live->process.get());
    end_execs(id);
    if (!ended_within(live->process.get(), kKillLimit))
      base::log(base::LogLevel::error, "container {}: process {} does not die", id.text(), live->pid);
  }
  if (!live->monitor) return;
  // It ends by itself when it has written what is left of the output.
  if (!ended_within(live->monitor.get(), live->process ? kMonitorLimit : std::chrono::seconds(1)))
    kill_by(live->monitor.get());
  if (ended_within(live->monitor.get(), kMonitorLimit)) (void)collect(live->monitor.get());
}

base::Result<void> OciRuntime::remove_runtime_state(const base::ContainerId& id) {
  const auto record = read_record(roots_.of(id));
  if (!record) return {};
  const auto state = roots_.runtime_state(record->runtime);
  const auto own = state / id.text();
  const bool gone = remove_cgroup(record->cgroup);
  if (!is_there(own)) return {};
  if (is_runc(record->runtime_path) && gone) {
    // What `runc delete` does, without starting it.
    remove_tree(own);
    return {};
  }
  const auto ended = run_program({record->runtime_path, "--root", state.string(), "delete", "--force", id.text()},
                                 std::chrono::seconds(30));
  if (!ended) return std::unexpected(ended.error());
  if (is_there(own))
    return base::fail(base::ErrorKind::internal,
                      fmt::format("the runtime's delete of {} failed: {}", id.text(), ended->output));
  return {};
}

base::Result<void> OciRuntime::cleanup(base::ContainerId id) {
  const auto paths = roots_.of(id);
  end_processes(id);
  if (!is_there(paths.bundle)) {
    exits_.forget(id);
    return {};
  }
  auto result = remove_runtime_state(id);
  for (const auto& point : {paths.root(), paths.shm()})
    if (auto done = unmount(point); !done) return done;
  if (!result) return result;
  remove_tree(paths.bundle);
  exits_.forget(id);
  return {};
}

base::Result<void> OciRuntime::remove(base::ContainerId id) {
  if (auto cleaned = cleanup(id); !cleaned) return cleaned;
  const auto data = roots_.of(id).data;
  if (is_there(data)) remove_tree(data);
  if (is_there(data)) return base::fail(base::ErrorKind::internal, "cannot remove all of " + data.string());
  return {};
}

}  // namespace fairlead::oci
