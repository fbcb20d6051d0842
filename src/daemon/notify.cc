#include "daemon/notify.h"

#include <sys/socket.h>
#include <systemd/sd-daemon.h>
#include <time.h>

#include "base/log.h"

namespace fairlead::daemon {

void notify_ready(const std::string& status) {
  (void)(status.empty() ? sd_notify(0, "READY=1") : sd_notifyf(0, "READY=1\nSTATUS=%s", status.c_str()));
}

void notify_reloading() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);  // Type=notify-reload compares it with its own clock
  const long long microseconds = now.tv_sec * 1'000'000LL + now.tv_nsec / 1000;
  (void)sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%lld", microseconds);
}

void notify_stopping() {
  (void)sd_notify(0, "STOPPING=1");
}

std::vector<base::Fd> activation_sockets() {
  const int count = sd_listen_fds(1);
  if (count < 0) base::log(base::LogLevel::warn, "sockets handed over by systemd cannot be taken: errno {}", -count);
  std::vector<base::Fd> sockets;
  for (int fd = SD_LISTEN_FDS_START; fd < SD_LISTEN_FDS_START + count; ++fd) {
    base::Fd socket(fd);
    if (sd_is_socket_unix(fd, SOCK_STREAM, 1, nullptr, 0) > 0) {
      sockets.push_back(std::move(socket));
    } else {
      base::log(base::LogLevel::warn, "descriptor {} handed over by systemd is no listening unix socket", fd);
    }
  }
  return sockets;
}

}  // namespace fairlead::daemon
