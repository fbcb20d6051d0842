#pragma once
#include <sys/types.h>

#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/fd.h"

namespace fairlead::oci {

/// How a program is started. Descriptors are borrowed; -1 is /dev/null for the first three.
struct SpawnOptions {
  std::vector<std::string> command;  ///< found on PATH when it has no slash
  std::vector<std::string> env;      ///< beside the daemon's own PATH
  int input = -1, output = -1, error = -1;
  std::vector<std::pair<int, int>> inherited;  ///< ours → the child's number, from 3 on
  bool own_session = false;
  std::string directory;  ///< to start in; empty: ours
};

/// Starts a program without copying the daemon's memory (posix_spawn(3)). The caller waits for it.
base::Result<pid_t> spawn(const SpawnOptions& options);

struct ProgramEnd {
  int exit_code = 0;   ///< 128 + signal when it was killed
  std::string output;  ///< standard output and error, at most 64 KiB
};

/// Runs a program to its end; kills it after `limit`, which is then an error.
base::Result<ProgramEnd> run_program(const std::vector<std::string>& command, std::chrono::milliseconds limit);

/// pidfd_open(2). Works on a process that ended and was not collected.
base::Result<base::Fd> open_pidfd(pid_t pid);
/// Whether the process behind a pidfd ended within `limit`.
bool ended_within(int pidfd, std::chrono::milliseconds limit);
/// Collects a child that ended: its exit code, 128 + signal when killed; -1 when it is not our child.
int collect(int pidfd);

/// What the environment of a Go runtime for short-lived runs should be: collecting garbage costs more than it frees.
inline constexpr const char* kNoGarbageCollection = "GOGC=off";

}  // namespace fairlead::oci
