#pragma once
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "engine/settings.h"

namespace fairlead::daemon {

/// Content of a file; nothing when it does not exist.
using ReadFile = std::function<base::Result<std::optional<std::string>>(const std::string& path)>;

/// The real one: files up to 1 MiB.
base::Result<std::optional<std::string>> read_config_file(const std::string& path);

/// What the command line and the configuration file ask of the daemon, checked.
struct Options {
  engine::Settings settings;
  std::vector<std::string> hosts;                      ///< `unix:///path` or `fd://…` (sockets handed over by systemd)
  std::string pidfile = "/run/fairlead/fairlead.pid";  ///< empty: none
  std::string config_file = "/etc/fairlead/daemon.json";
  std::string log_level = "info";  ///< debug, info, warn, error, fatal
  std::optional<std::string>
      group;              ///< of the socket: the one asked for, else `docker` where that exists; none: root's
  std::string init_path;  ///< --init-path; empty: docker-init, tini or catatonit from PATH
  std::vector<std::string> insecure_registries, registry_mirrors;
  bool list_faults = false, version = false, validate = false;
  std::string help;                   ///< not empty: --help was asked for, and this answers it
  std::vector<std::string> warnings;  ///< one line each, for the log

  std::vector<std::string> arguments;  ///< the command line without the program, kept for `reload`
  ReadFile read_file;
};

/// dockerd's command line and daemon.json. Errors are dockerd's words where it has words; nothing is half-applied.
base::Result<Options> parse_options(int argc, const char* const* argv, ReadFile read_file = read_config_file);

/// Reads the configuration file again (SIGHUP). Gives the running settings with what may change in a running daemon
/// replaced: debug, labels, default address pools, DNS settings of new containers, runtimes, default runtime, init.
base::Result<engine::Settings> reload(const Options& running);

}  // namespace fairlead::daemon
