#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <set>

#include "adapters/oci/conmon.h"
#include "adapters/oci/runtime_adapter.h"
#include "adapters/oci/runtime_process.h"
#include "base/log.h"

namespace fairlead::oci {
namespace {

constexpr std::chrono::seconds kSettleLimit{10};

void add_ids(const std::filesystem::path& dir, std::set<base::ContainerId>& into) {
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(dir, error))
    if (const auto id = base::ContainerId::parse(entry.path().filename().string())) into.insert(*id);
}

/// A monitor whose container has no pid yet is still inside `create`: a daemon was killed while it waited for that.
void let_create_end(const ContainerPaths& paths, pid_t monitor_pid) {
  const auto monitor = open_pidfd(monitor_pid);
  if (!monitor) return;
  const auto end = std::chrono::steady_clock::now() + kSettleLimit;
  while (read_pidfile(paths.pidfile()) == 0 && std::chrono::steady_clock::now() < end)
    if (ended_within(monitor->get(), std::chrono::milliseconds(20))) return;
}

/// What a runtime's `state` prints, as the OCI runtime specification has it.
bool tells_created(const std::string& state) {
  boost::system::error_code error;
  const auto value = boost::json::parse(state, error);
  const auto* object = error ? nullptr : value.if_object();
  const auto* status = object ? object->if_contains("status") : nullptr;
  return status && status->is_string() && status->get_string() == "created";
}

}  // namespace

bool OciRuntime::waits(const base::ContainerId& id, const LaunchRecord& record) const {
  const auto state = roots_.runtime_state(record.runtime);
  std::error_code ignored;
  if (is_runc(record.runtime_path)) return std::filesystem::exists(state / id.text() / "exec.fifo", ignored);
  const auto told =
      run_program({record.runtime_path, "--root", state.string(), "state", id.text()}, std::chrono::seconds(10));
  return told && told->exit_code == 0 && tells_created(told->output);
}

ports::ObservedContainer OciRuntime::observe_one(const base::ContainerId& id, pid_t monitor_pid) {
  const auto paths = roots_.of(id);
  ports::ObservedContainer seen{.id = id};
  const auto record = read_record(paths);
  if (!record) return seen;
  if (monitor_pid != 0 && read_pidfile(paths.pidfile()) == 0) let_create_end(paths, monitor_pid);
  auto live = find_live(id, paths, monitor_pid);
  if (live.process) {
    seen.pid = live.pid;
    seen.waiting = waits(id, *record);
    seen.running = !seen.waiting;
  } else {
    // Its process is gone; a monitor that is still there is about to write why.
    if (live.monitor) (void)ended_within(live.monitor.get(), kSettleLimit);
    seen.exit = exits_.look(id);
  }
  if (live.process || live.monitor) live_.put(id, std::move(live));
  return seen;
}

void OciRuntime::clean_strangers(const std::vector<base::ContainerId>& known) {
  std::set<base::ContainerId> found;
  add_ids(roots_.exec, found);
  add_ids(roots_.data / "containers", found);
  for (const auto& id : known) found.erase(id);
  for (const auto& id : found) {
    base::log(base::LogLevel::warn, "removing what is left of container {}, which nobody knows", id.text());
    if (auto removed = remove(id); !removed) base::log(base::LogLevel::error, "{}", removed.error().text);
  }
  const std::set<base::ContainerId> kept(known.begin(), known.end());
  for (const auto& id : exits_.all())
    if (!kept.contains(id)) exits_.forget(id);
}

base::Result<std::vector<ports::ObservedContainer>> OciRuntime::observe(const std::vector<base::ContainerId>& known) {
  const auto monitors = running_monitors(roots_.exec);
  std::vector<ports::ObservedContainer> all;
  for (const auto& id : known) {
    const auto monitor = monitors.find(id);
    all.push_back(observe_one(id, monitor == monitors.end() ? 0 : monitor->second));
  }
  clean_strangers(known);
  return all;
}

}  // namespace fairlead::oci
