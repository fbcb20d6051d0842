#pragma once
/// Carries bytes between an attached client and conmon's socket.
#include "doors/docker/client_end.h"

namespace fairlead::docker {

struct AttachOptions {
  bool input = false, output = false, error = false;
  bool tty = false;  ///< raw output, and detach keys are watched for
  std::string detach_keys;
};

enum class AttachEnd { container, detached, client };

/// Ends when the container's output ends (everything of it is then with the client), the client leaves, or it types the
/// detach keys. `conmon` is as from `ports::Runtime::attach`; it is closed at the end, and the container goes on.
Task<AttachEnd> run_attach(ClientEnd& client, base::Fd conmon, AttachOptions options);

}  // namespace fairlead::docker
