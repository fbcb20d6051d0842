#pragma once
#include <sys/types.h>

#include <cstdint>
#include <string>

#include "adapters/oci/runtime_paths.h"
#include "base/error.h"
#include "base/fd.h"

namespace fairlead::oci {

/// How one container's monitor is started (conmon(8)).
struct MonitorOptions {
  std::string id, runtime_path, runtime_state;
  ContainerPaths paths;
  std::string exit_dir;
  bool tty = false, open_stdin = false, stdin_once = false;
  bool keep_log = true;
  std::int64_t log_bytes = 0;  ///< the log starts anew beyond this size; 0 is no limit
};

struct Monitored {
  pid_t pid = 0, monitor_pid = 0;
};

/// Starts conmon, which runs the runtime's `create` and then outlives this daemon. Returns when the container waits for
/// its release. A failure carries what the runtime said, in Docker's words.
base::Result<Monitored> start_monitor(const MonitorOptions& options);

/// A connected SOCK_SEQPACKET to conmon's attach socket.
base::Result<base::Fd> connect_monitor(const ContainerPaths& paths);
/// Tells conmon the size of the container's terminal.
base::Result<void> resize_by_monitor(const ContainerPaths& paths, std::uint32_t height, std::uint32_t width);

/// The number in a pidfile; 0 where there is none.
pid_t read_pidfile(const std::filesystem::path& path);

}  // namespace fairlead::oci
