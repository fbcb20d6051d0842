#include "daemon/notify.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include <charconv>
#include <cstdlib>
#include <cstring>

#include "base/log.h"

namespace fairlead::daemon {
namespace {

constexpr int kFirstSocket = 3;  // SD_LISTEN_FDS_START

/// One datagram to NOTIFY_SOCKET, as sd_notify(3) describes the protocol. The library would bring four others along.
void notify(const std::string& message) {
  const char* path = std::getenv("NOTIFY_SOCKET");
  sockaddr_un address{.sun_family = AF_UNIX};
  const auto length = path ? std::strlen(path) : 0;
  if (length == 0 || length >= sizeof address.sun_path || (path[0] != '/' && path[0] != '@')) return;
  std::memcpy(address.sun_path, path, length);
  if (path[0] == '@') address.sun_path[0] = '\0';
  const base::Fd socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + length);
  if (::sendto(socket.get(), message.data(), message.size(), MSG_NOSIGNAL, reinterpret_cast<sockaddr*>(&address),
               size) < 0)
    base::log(base::LogLevel::warn, "telling systemd: errno {}", errno);
}

int number_in(const char* name) {
  const char* text = std::getenv(name);
  int number = 0;
  if (text) std::from_chars(text, text + std::strlen(text), number);
  return number;
}

bool is_listening_unix(int fd) {
  int type = 0, family = 0, listening = 0;
  socklen_t size = sizeof type;
  return ::getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) == 0 &&
         ::getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &family, &size) == 0 &&
         ::getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &size) == 0 && type == SOCK_STREAM &&
         family == AF_UNIX && listening;
}

}  // namespace

void notify_ready(const std::string& status) {
  notify(status.empty() ? "READY=1" : "READY=1\nSTATUS=" + status);
}

void notify_reloading() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);  // Type=notify-reload compares it with its own clock
  notify(fmt::format("RELOADING=1\nMONOTONIC_USEC={}", now.tv_sec * 1'000'000LL + now.tv_nsec / 1000));
}

void notify_stopping() {
  notify("STOPPING=1");
}

std::vector<base::Fd> activation_sockets() {
  const int count = number_in("LISTEN_PID") == ::getpid() ? number_in("LISTEN_FDS") : 0;
  for (const char* name : {"LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"}) ::unsetenv(name);
  std::vector<base::Fd> sockets;
  for (int fd = kFirstSocket; fd < kFirstSocket + count; ++fd) {
    base::Fd socket(fd);
    if (is_listening_unix(fd)) {
      ::fcntl(fd, F_SETFD, FD_CLOEXEC);
      sockets.push_back(std::move(socket));
    } else {
      base::log(base::LogLevel::warn, "descriptor {} handed over by systemd is no listening unix socket", fd);
    }
  }
  return sockets;
}

}  // namespace fairlead::daemon
