#include "adapters/oci/runtime_state.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <fstream>
#include <iterator>

#include "adapters/oci/conmon.h"
#include "adapters/oci/runtime_cgroup.h"
#include "adapters/oci/runtime_process.h"

namespace fairlead::oci {
namespace {

constexpr int kReleaseLimit = 30'000;  ///< ms

}  // namespace

base::Result<void> write_record(const ContainerPaths& paths, const LaunchRecord& record) {
  std::ofstream file(paths.record());
  file << record.runtime << '\n' << record.runtime_path << '\n' << record.cgroup << '\n';
  if (!file.flush()) return base::fail(base::ErrorKind::internal, "cannot write " + paths.record().string());
  return {};
}

std::optional<LaunchRecord> read_record(const ContainerPaths& paths) {
  std::ifstream file(paths.record());
  LaunchRecord record;
  if (!std::getline(file, record.runtime) || !std::getline(file, record.runtime_path) ||
      !std::getline(file, record.cgroup))
    return std::nullopt;
  return record;
}

bool is_runc(const std::string& runtime_path) {
  return std::filesystem::path(runtime_path).filename() == "runc";
}

void LiveTable::put(const base::ContainerId& id, Live live) {
  const std::lock_guard lock(mutex_);
  all_[id] = std::make_shared<Live>(std::move(live));
}

std::shared_ptr<Live> LiveTable::find(const base::ContainerId& id) const {
  const std::lock_guard lock(mutex_);
  const auto found = all_.find(id);
  return found == all_.end() ? nullptr : found->second;
}

std::shared_ptr<Live> LiveTable::take(const base::ContainerId& id) {
  const std::lock_guard lock(mutex_);
  const auto found = all_.find(id);
  if (found == all_.end()) return nullptr;
  auto live = std::move(found->second);
  all_.erase(found);
  return live;
}

base::Result<void> release_by_fifo(const std::filesystem::path& state_dir, int pidfd) {
  const auto path = state_dir / "exec.fifo";
  const base::Fd fifo(::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  if (!fifo) return base::fail_errno(errno, "cannot start the container: it does not wait");
  pollfd waiting[2] = {{.fd = fifo.get(), .events = POLLIN}, {.fd = pidfd, .events = POLLIN}};
  while (true) {
    const int ready = ::poll(waiting, 2, kReleaseLimit);
    if (ready < 0 && errno == EINTR) continue;
    if (ready <= 0)
      return base::fail(base::ErrorKind::internal, "cannot start the container: its process does not answer");
    char byte = 0;
    if ((waiting[0].revents & (POLLIN | POLLHUP)) != 0 && ::read(fifo.get(), &byte, 1) > 0) break;
    if (waiting[1].revents != 0)
      return base::fail(base::ErrorKind::internal, "cannot start the container: its process ended before");
  }
  // Its absence is how runc knows that the container runs.
  ::unlink(path.c_str());
  return {};
}

std::map<base::ContainerId, pid_t> running_monitors(const std::filesystem::path& exec_root) {
  std::map<base::ContainerId, pid_t> found;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator("/proc", error)) {
    const auto name = entry.path().filename().string();
    pid_t pid = 0;
    if (std::from_chars(name.data(), name.data() + name.size(), pid).ptr != name.data() + name.size()) continue;
    std::ifstream file(entry.path() / "cmdline");
    const std::string words{std::istreambuf_iterator<char>(file), {}};
    if (!words.starts_with(std::string_view("conmon\0", 7))) continue;
    const auto mark = std::string("\0-b\0", 4) + exec_root.string() + "/";
    const auto at = words.find(mark);
    if (at == std::string::npos) continue;
    if (const auto id = base::ContainerId::parse(std::string_view(words).substr(at + mark.size(), 64)))
      found[*id] = pid;
  }
  return found;
}

Live find_live(const base::ContainerId& id, const ContainerPaths& paths, pid_t monitor_pid) {
  Live live;
  if (monitor_pid != 0) {
    if (auto monitor = open_pidfd(monitor_pid)) {
      live.monitor_pid = monitor_pid;
      live.monitor = std::move(*monitor);
    }
  }
  const auto pid = read_pidfile(paths.pidfile());
  if (pid == 0) return live;
  // First the handle, then the question whose it is: what is asked about can then no longer change.
  auto process = open_pidfd(pid);
  if (process && belongs_to(pid, id.text()) && !ended_within(process->get(), std::chrono::milliseconds(0))) {
    live.pid = pid;
    live.process = std::move(*process);
  }
  return live;
}

}  // namespace fairlead::oci
