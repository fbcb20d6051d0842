#pragma once
#include <string>

#include "adapters/oci/runtime_paths.h"
#include "base/error.h"
#include "ports/runtime.h"

namespace fairlead::oci {

/// Where and by what a further process is started.
struct ExecTarget {
  base::ContainerId id;
  ContainerPaths paths;
  std::string runtime_path, runtime_state;
  std::string hostname;
};

/// Starts a process inside a running container by the runtime's `exec --detach`. It becomes our child.
base::Result<ports::ExecProcess> start_exec(const ExecTarget& target, const ports::ContainerSpec& spec,
                                            const ports::ExecSpec& exec);

/// A listening socket in `dir` on which a runtime hands over the master of a pseudo-terminal.
class ConsoleSocket {
 public:
  /// `name` is made in the directory and removed at the end.
  static base::Result<ConsoleSocket> listen(const std::filesystem::path& dir, const std::string& name);
  ConsoleSocket(ConsoleSocket&&) = default;
  ConsoleSocket& operator=(ConsoleSocket&&) = default;
  ~ConsoleSocket();
  /// A path of at most 107 bytes, for the processes that we start.
  std::string path() const;
  /// The master, or nothing once the runtime behind `pidfd` ended without sending one.
  base::Fd receive(int pidfd) const;

 private:
  ConsoleSocket() = default;
  base::Fd dir_, socket_;
  std::string name_;
};

}  // namespace fairlead::oci
