#pragma once
#include <sys/types.h>

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/fd.h"
#include "base/id.h"
#include "ports/clock.h"
#include "ports/container_spec.h"

namespace fairlead::ports {

/// Everything the runtime needs to start a container, already decided.
struct Launch {
  base::ContainerId id;
  std::string name;
  ContainerSpec spec;                   ///< merged with the image; `process` is what runs
  std::vector<std::string> layer_dirs;  ///< image layers, lowest first, absolute
  std::string netns_path;               ///< /run/netns/… to join; empty: the daemon's own (host mode)
  bool own_netns = true;                ///< false: host or joined (sysctls `net.*` are then refused)
  std::string hostname;
  std::string hosts_file;   ///< content of /etc/hosts
  std::string resolv_conf;  ///< content of /etc/resolv.conf
  std::optional<base::ContainerId>
      files_of;  ///< joined container: use that container's hostname, hosts and resolv.conf files
  std::optional<pid_t> pid_namespace_of,
      ipc_namespace_of;  ///< processes whose namespaces are joined (`--pid container:X`)
};

struct Launched {
  pid_t pid = 0;          ///< the container's first process, waiting for `release`
  pid_t monitor_pid = 0;  ///< conmon
};

struct ExitNotice {
  base::ContainerId id;
  int exit_code = 0;
  bool oom_killed = false;
  Time at{};  ///< unset: now, it is told as it happens
};

/// What was found of one container at start-up.
struct ObservedContainer {
  base::ContainerId id;
  pid_t pid = 0;
  bool running = false;            ///< its first process lives and has been released
  bool waiting = false;            ///< created and never released: a start that was cut short
  std::optional<ExitNotice> exit;  ///< ended while nobody looked
};

struct ExecSpec {
  std::vector<std::string> command, env;
  std::string user, working_dir;
  bool tty = false, privileged = false;
  bool attach_stdin = false, attach_stdout = false, attach_stderr = false;
  std::uint32_t console_height = 0, console_width = 0;
};

/// A process started inside a container. Descriptors are ours to use asynchronously; absent ones were not asked for.
struct ExecProcess {
  pid_t pid = 0;
  base::Fd exited;                ///< pidfd: readable once it ended; then `Runtime::exec_exit_code`
  base::Fd terminal;              ///< master of its pseudo-terminal (tty)
  base::Fd input, output, error;  ///< pipes (no tty)
};

struct LogRecord {
  Time at{};
  bool is_stderr = false;
  std::string bytes;  ///< as written, with its newline if it had one
};

/// A container's log, read from a point on. Never blocks.
class LogStream {
 public:
  virtual ~LogStream() = default;
  /// What there is now beyond what was given before, at most about 1 MiB; empty when nothing new.
  virtual base::Result<std::vector<LogRecord>> read() = 0;
  /// Becomes readable when the log grew (inotify); `read` drains it.
  virtual int changed_fd() const = 0;
};

struct LogQuery {
  std::optional<std::int64_t> tail;  ///< last lines; none = all
  std::optional<Time> since, until;
};

/// Containers as processes: an OCI runtime under conmon. Blocking and thread-safe: called from worker threads,
/// at most one call per container at a time.
class Runtime {
 public:
  virtual ~Runtime() = default;
  /// Directories for a new container (writable layer, log). Undone by `remove`.
  virtual base::Result<void> prepare(base::ContainerId id) = 0;
  /// Mounts the root, writes the bundle, starts conmon and the runtime's `create`. On failure nothing is left.
  /// `release` lets the process run: all wiring is done between the two.
  virtual base::Result<Launched> launch(const Launch& launch) = 0;
  virtual base::Result<void> release(base::ContainerId id) = 0;
  virtual base::Result<void> signal(base::ContainerId id, pid_t pid, int signal) = 0;
  /// A connected SOCK_SEQPACKET to conmon: packets to us are one byte (2 stdout, 3 stderr) and data; what we write is
  /// stdin and a shutdown of our writing side its end.
  virtual base::Result<base::Fd> attach(base::ContainerId id) = 0;
  virtual base::Result<void> resize(base::ContainerId id, std::uint32_t height, std::uint32_t width) = 0;
  virtual base::Result<ExecProcess> exec(base::ContainerId id, const ContainerSpec& spec, const ExecSpec& exec) = 0;
  /// Collects the exit code of a process from `exec` once its `exited` is readable; frees it.
  virtual int exec_exit_code(pid_t pid) = 0;
  /// After its end (or a cut-short start): runtime state, mounts, cgroup, bundle go; the writable layer and log stay.
  /// Kills what still lives. Repeatable.
  virtual base::Result<void> cleanup(base::ContainerId id) = 0;
  /// Everything of it goes. Repeatable.
  virtual base::Result<void> remove(base::ContainerId id) = 0;
  virtual base::Result<std::unique_ptr<LogStream>> logs(base::ContainerId id, const LogQuery& query) = 0;
  virtual std::string log_path(base::ContainerId id) const = 0;
  /// Paths of a container's generated files, as inspect shows them: `hostname`, `hosts`, `resolv.conf`.
  virtual std::string file_path(base::ContainerId id, const std::string& file) const = 0;
  /// Mount point of the root (`merged`), its writable layer (`upper`), work and lower directories, as inspect's
  /// GraphDriver shows them.
  virtual std::map<std::string, std::string> root_paths(base::ContainerId id,
                                                        const std::vector<std::string>& layer_dirs) const = 0;
  /// Readable when containers ended; then `take_exits`.
  virtual int exits_fd() const = 0;
  virtual std::vector<ExitNotice> take_exits() = 0;
  /// State of the given containers, and a clean-up of directories that belong to none of them.
  virtual base::Result<std::vector<ObservedContainer>> observe(const std::vector<base::ContainerId>& known) = 0;
};

struct Volume {
  std::string name, mountpoint, driver = "local";
  std::map<std::string, std::string> labels, options;
  Time created{};
};

/// Named volumes: directories under the data-root. Blocking and thread-safe.
class Volumes {
 public:
  virtual ~Volumes() = default;
  virtual std::vector<Volume> list() = 0;
  virtual base::Result<Volume> find(const std::string& name) = 0;
  /// Gives the one that exists under that name, or makes it.
  virtual base::Result<Volume> create(const Volume& wanted) = 0;
  virtual base::Result<void> remove(const std::string& name) = 0;
};

}  // namespace fairlead::ports
