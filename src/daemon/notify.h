#pragma once
/// What systemd and the daemon tell each other. All of it does nothing when systemd did not start us.
#include <string>
#include <vector>

#include "base/error.h"
#include "base/fd.h"

namespace fairlead::daemon {

/// sd_notify(3): the API answers; `status` is shown by `systemctl status`.
void notify_ready(const std::string& status);
/// The configuration is being read again; `notify_ready` ends that.
void notify_reloading();
void notify_stopping();

/// A listening unix socket that systemd hands over (sd_listen_fds(3)).
struct HandedSocket {
  std::string name;  ///< FileDescriptorName= of the socket unit
  base::Fd fd;
};

/// Takes the sockets of socket activation; close-on-exec, and out of the environment so that no child takes them too.
/// Refuses what is not a listening unix stream socket. Works once per process.
base::Result<std::vector<HandedSocket>> take_handed_sockets();

}  // namespace fairlead::daemon
