#pragma once
/// What systemd and the daemon tell each other. All of it does nothing when systemd did not start us.
#include <string>
#include <vector>

#include "base/fd.h"

namespace fairlead::daemon {

/// sd_notify(3): the API answers; `status`, when there is one, is shown by `systemctl status`.
void notify_ready(const std::string& status = {});
/// The configuration is being read again; `notify_ready` ends that.
void notify_reloading();
void notify_stopping();

/// Takes the listening unix sockets of socket activation (sd_listen_fds(3)): close-on-exec, and out of the environment
/// so that no child takes them too. What is handed over and is no such socket is closed with a warning. Works once per
/// process.
std::vector<base::Fd> activation_sockets();

}  // namespace fairlead::daemon
