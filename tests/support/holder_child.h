#pragma once
/// The holder's main loop in a child of the test.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

#include <chrono>
#include <cstring>
#include <string>
#include <thread>

#include "base/fd.h"
#include "daemon/holder.h"

namespace fairlead::support {

inline sockaddr_un unix_address(const std::string& path) {
  sockaddr_un address{.sun_family = AF_UNIX, .sun_path = {}};
  std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
  return address;
}

/// On a socket bound here, as `Holder` finds it; its process id.
inline pid_t fork_holder(const std::string& path) {
  base::Fd listener(socket(AF_UNIX, SOCK_SEQPACKET, 0));
  const auto address = unix_address(path);
  EXPECT_EQ(bind(listener.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  EXPECT_EQ(listen(listener.get(), 8), 0);
  const pid_t child = fork();
  if (child == 0) _exit(daemon::run_holder(std::move(listener), path));
  return child;
}

/// Its exit status within five seconds; else -1, and it is killed.
inline int ended(pid_t child) {
  for (int i = 0; i < 500; ++i) {
    int status = 0;
    if (waitpid(child, &status, WNOHANG) == child) return WIFEXITED(status) ? WEXITSTATUS(status) : -2;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  kill(child, SIGKILL);
  waitpid(child, nullptr, 0);
  return -1;
}

}  // namespace fairlead::support
