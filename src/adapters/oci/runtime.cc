#include "adapters/oci/runtime.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <fstream>
#include <sstream>

#include "adapters/oci/bundle.h"
#include "adapters/oci/conmon.h"
#include "adapters/oci/exec.h"
#include "adapters/oci/rootfs.h"
#include "adapters/oci/runtime_adapter.h"
#include "adapters/oci/runtime_cgroup.h"
#include "adapters/oci/runtime_process.h"

namespace fairlead::oci {
namespace {

using base::ErrorKind;

std::string find_program(const std::string& name) {
  if (name.contains('/')) return ::access(name.c_str(), X_OK) == 0 ? name : std::string();
  const char* path = std::getenv("PATH");
  std::istringstream dirs(std::string(path != nullptr ? path : "") +
                          ":/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
  for (std::string dir; std::getline(dirs, dir, ':');)
    if (const auto full = dir + "/" + name; !dir.empty() && ::access(full.c_str(), X_OK) == 0) return full;
  return {};
}

base::Result<void> make_dirs(const std::filesystem::path& path) {
  std::error_code error;
  std::filesystem::create_directories(path, error);
  if (error) return base::fail_errno(error.value(), "cannot make " + path.string());
  return {};
}

}  // namespace

base::Result<std::unique_ptr<ports::Runtime>> open_runtime(const RuntimeOptions& options) {
  std::error_code error;
  Roots roots{std::filesystem::absolute(options.data_root, error), std::filesystem::absolute(options.exec_root, error)};
  auto runtime = std::make_unique<OciRuntime>(options, std::move(roots));
  if (auto opened = runtime->open(); !opened) return std::unexpected(opened.error());
  return runtime;
}

OciRuntime::OciRuntime(RuntimeOptions options, Roots roots)
    : options_(std::move(options)), roots_(std::move(roots)), seccomp_(options_.seccomp_profile), exits_(roots_) {}

base::Result<void> OciRuntime::open() {
  for (const auto& dir : {roots_.data / "containers", roots_.exec, roots_.exits()})
    if (auto made = make_dirs(dir); !made) return made;
  ::chmod((roots_.data / "containers").c_str(), 0710);
  for (const auto* name : {"docker-init", "tini-static", "tini", "catatonit"})
    if (options_.init_path.empty()) options_.init_path = find_program(name);
  if (::prctl(PR_SET_CHILD_SUBREAPER, 1) != 0) return base::fail_errno(errno, "prctl(PR_SET_CHILD_SUBREAPER)");
  return exits_.open();
}

base::Result<std::string> OciRuntime::program_of(const std::string& runtime) const {
  const auto& name = runtime.empty() ? options_.default_runtime : runtime;
  const auto listed = options_.runtimes.find(name);
  if (listed == options_.runtimes.end() && name != "runc" && name != "crun")
    return base::fail(ErrorKind::invalid, "unknown or invalid runtime name: " + name);
  auto program = find_program(listed == options_.runtimes.end() || listed->second.empty() ? name : listed->second);
  if (program.empty())
    return base::fail(ErrorKind::unavailable,
                      fmt::format("the OCI runtime {} is not installed (apt install runc)", name));
  return program;
}

base::Result<void> OciRuntime::prepare(base::ContainerId id) {
  const auto paths = roots_.of(id);
  if (auto made = make_dirs(paths.data); !made) return made;
  ::chmod(paths.data.c_str(), 0710);
  const base::Fd log(::open(paths.log().c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
  if (!log) return base::fail_errno(errno, "cannot make " + paths.log().string());
  return {};
}

base::Result<ports::Launched> OciRuntime::launch(const ports::Launch& launch) {
  if (!log_driver_known(launch.spec.log_driver))
    return base::fail(ErrorKind::invalid,
                      fmt::format("logger: no log driver named '{}' is registered", launch.spec.log_driver));
  const auto program = program_of(launch.spec.runtime);
  if (!program) return std::unexpected(program.error());
  std::error_code ignored;
  if (std::filesystem::exists(roots_.of(launch.id).bundle, ignored))
    if (auto cleaned = cleanup(launch.id); !cleaned) return std::unexpected(cleaned.error());
  exits_.forget(launch.id);
  const LaunchRecord record{launch.spec.runtime.empty() ? options_.default_runtime : launch.spec.runtime, *program,
                            cgroup_path(launch)};
  auto launched = launch_inside(launch, record);
  if (!launched) (void)cleanup(launch.id);
  return launched;
}

base::Result<ports::Launched> OciRuntime::launch_inside(const ports::Launch& launch, const LaunchRecord& record) {
  const auto paths = roots_.of(launch.id);
  if (auto made = make_dirs(paths.bundle); !made) return std::unexpected(made.error());
  ::chmod(paths.bundle.c_str(), 0700);
  if (auto written = write_record(paths, record); !written) return std::unexpected(written.error());
  if (auto mounted = mount_root(paths, launch.layer_dirs); !mounted) return std::unexpected(mounted.error());
  if (auto written = write_bundle(roots_, launch, seccomp_, options_.init_path); !written)
    return std::unexpected(written.error());
  const auto limit = log_size_limit(launch.spec.log_options);
  if (!limit) return std::unexpected(limit.error());
  const auto started = start_monitor({.id = launch.id.text(),
                                      .runtime_path = record.runtime_path,
                                      .runtime_state = roots_.runtime_state(record.runtime).string(),
                                      .paths = paths,
                                      .exit_dir = roots_.exits().string(),
                                      .tty = launch.spec.process.tty,
                                      .open_stdin = launch.spec.process.open_stdin,
                                      .stdin_once = launch.spec.process.stdin_once,
                                      .keep_log = launch.spec.log_driver != "none",
                                      .log_bytes = *limit});
  if (!started) return std::unexpected(started.error());
  auto process = open_pidfd(started->pid);
  auto monitor = open_pidfd(started->monitor_pid);
  if (!process) return std::unexpected(process.error());
  if (!monitor) return std::unexpected(monitor.error());
  live_.put(launch.id, {started->pid, started->monitor_pid, std::move(*process), std::move(*monitor)});
  return ports::Launched{started->pid, started->monitor_pid};
}

base::Result<void> OciRuntime::release(base::ContainerId id) {
  const auto record = read_record(roots_.of(id));
  const auto live = live_.find(id);
  if (!record || !live || !live->process)
    return base::fail(ErrorKind::conflict, fmt::format("container {} is not created", id.text()));
  const auto state = roots_.runtime_state(record->runtime);
  if (is_runc(record->runtime_path)) return release_by_fifo(state / id.text(), live->process.get());
  const auto ended =
      run_program({record->runtime_path, "--root", state.string(), "start", id.text()}, std::chrono::seconds(60));
  if (!ended) return std::unexpected(ended.error());
  if (ended->exit_code != 0) return base::fail(ErrorKind::internal, "OCI runtime start failed: " + ended->output);
  return {};
}

base::Result<void> OciRuntime::signal(base::ContainerId id, pid_t pid, int signal) {
  const auto live = live_.find(id);
  const bool ours = live && live->process && live->pid == pid;
  if (ours && ::syscall(SYS_pidfd_send_signal, live->process.get(), signal, nullptr, 0) == 0) return {};
  if (!ours || errno == ESRCH)
    return base::fail(ErrorKind::conflict, fmt::format("container {} is not running", id.text()));
  return base::fail_errno(errno, fmt::format("cannot signal container {}", id.text()));
}

base::Result<base::Fd> OciRuntime::attach(base::ContainerId id) {
  return connect_monitor(roots_.of(id));
}

base::Result<void> OciRuntime::resize(base::ContainerId id, std::uint32_t height, std::uint32_t width) {
  return resize_by_monitor(roots_.of(id), height, width);
}

base::Result<ports::ExecProcess> OciRuntime::exec(base::ContainerId id, const ports::ContainerSpec& spec,
                                                  const ports::ExecSpec& exec) {
  const auto paths = roots_.of(id);
  const auto record = read_record(paths);
  if (!record) return base::fail(ErrorKind::conflict, fmt::format("container {} is not running", id.text()));
  std::string hostname;
  std::ifstream(file_path(id, kHostname)) >> hostname;
  auto process = start_exec({id, paths, record->runtime_path, roots_.runtime_state(record->runtime).string(), hostname},
                            spec, exec);
  if (!process) return process;
  // A handle of our own: the caller's is only to be told of the end.
  base::Fd own(::fcntl(process->exited.get(), F_DUPFD_CLOEXEC, 0));
  if (!own) return base::fail_errno(errno, "cannot watch the new process");
  const std::lock_guard lock(exec_mutex_);
  execs_[process->pid] = {id, std::move(own), std::nullopt};
  return process;
}

int OciRuntime::exec_exit_code(pid_t pid) {
  ExecChild child;
  {
    const std::lock_guard lock(exec_mutex_);
    const auto found = execs_.find(pid);
    if (found == execs_.end()) return -1;
    child = std::move(found->second);
    execs_.erase(found);
  }
  return child.exit_code ? *child.exit_code : collect(child.process.get());
}

base::Result<std::unique_ptr<ports::LogStream>> OciRuntime::logs(base::ContainerId id, const ports::LogQuery& query) {
  return open_log(roots_.of(id).log().string(), query);
}

std::string OciRuntime::log_path(base::ContainerId id) const {
  return roots_.of(id).log().string();
}

std::string OciRuntime::file_path(base::ContainerId id, const std::string& file) const {
  return generated_file(roots_, id, file).string();
}

std::map<std::string, std::string> OciRuntime::root_paths(base::ContainerId id,
                                                          const std::vector<std::string>& layer_dirs) const {
  const auto paths = roots_.of(id);
  std::string lower;
  for (auto dir = layer_dirs.rbegin(); dir != layer_dirs.rend(); ++dir) lower += (lower.empty() ? "" : ":") + *dir;
  return {{"LowerDir", lower},
          {"UpperDir", paths.upper().string()},
          {"WorkDir", paths.work().string()},
          {"MergedDir", paths.root().string()}};
}

}  // namespace fairlead::oci
