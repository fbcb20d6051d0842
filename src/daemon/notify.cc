#include "daemon/notify.h"

#include <fmt/format.h>
#include <sys/socket.h>
#include <systemd/sd-daemon.h>
#include <time.h>

#include <cstdlib>

namespace fairlead::daemon {

void notify_ready(const std::string& status) {
  (void)sd_notifyf(0, "READY=1\nSTATUS=%s", status.c_str());
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

base::Result<std::vector<HandedSocket>> take_handed_sockets() {
  char** names = nullptr;
  const int count = sd_listen_fds_with_names(1, &names);
  std::vector<HandedSocket> sockets;
  for (int i = 0; i < count; ++i) {
    sockets.push_back({names != nullptr && names[i] != nullptr ? names[i] : "", base::Fd(SD_LISTEN_FDS_START + i)});
    if (names != nullptr) std::free(names[i]);
  }
  std::free(names);
  if (count < 0) return base::fail_errno(-count, "sockets handed over by systemd");
  for (const auto& socket : sockets) {
    if (sd_is_socket_unix(socket.fd.get(), SOCK_STREAM, 1, nullptr, 0) <= 0) {
      return base::fail(base::ErrorKind::invalid,
                        fmt::format("systemd handed over descriptor {} ({}), which is no listening unix socket",
                                    socket.fd.get(), socket.name));
    }
  }
  return sockets;
}

}  // namespace fairlead::daemon
