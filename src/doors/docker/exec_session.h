#pragma once
/// Carries bytes between a client and a process started by exec.
#include <memory>

#include "doors/docker/client_end.h"

namespace fairlead::docker {

/// What an exec session needs to know besides its streams.
struct ExecOptions {
  bool input = false;
  std::string detach_keys;
};

/// Runs until the process ended and its output is with the client. When the client leaves or detaches, or when `client`
/// is null from the start, the output is still read and dropped, so that the process goes on.
Task<void> run_exec(engine::Service& service, base::ExecId id, engine::ExecStreams streams,
                    std::unique_ptr<ClientEnd> client, ExecOptions options);

}  // namespace fairlead::docker
