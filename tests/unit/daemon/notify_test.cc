#include "daemon/notify.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>

#include "support/scratch_dir.h"

namespace fairlead::daemon {
namespace {

using ::testing::HasSubstr;

base::Fd bound(const std::string& path, int type) {
  base::Fd socket(::socket(AF_UNIX, type, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
  EXPECT_EQ(::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  return socket;
}

TEST(Notify, TellsSystemd) {
  const support::ScratchDir dir;
  const std::string path = (dir / "notify").string();
  const auto receiver = bound(path, SOCK_DGRAM);
  ::setenv("NOTIFY_SOCKET", path.c_str(), 1);
  const auto told = [&] {
    char text[256];
    const auto got = ::recv(receiver.get(), text, sizeof text, MSG_DONTWAIT);
    return std::string(text, got > 0 ? static_cast<std::size_t>(got) : 0);
  };
  notify_ready("listening");
  EXPECT_EQ(told(), "READY=1\nSTATUS=listening");
  notify_ready();
  EXPECT_EQ(told(), "READY=1");
  notify_reloading();
  EXPECT_THAT(told(), HasSubstr("RELOADING=1\nMONOTONIC_USEC="));
  notify_stopping();
  EXPECT_EQ(told(), "STOPPING=1");
  ::unsetenv("NOTIFY_SOCKET");
  notify_ready("nobody listens");  // must simply do nothing
}

// Descriptors are handed over from number 3 on, to the process that LISTEN_PID names: a child can be given them.
int exit_of_activated_child(int fd, int (*check)()) {
  const pid_t child = ::fork();
  if (child == 0) {
    ::dup2(fd, 3);
    ::setenv("LISTEN_PID", std::to_string(::getpid()).c_str(), 1);
    ::setenv("LISTEN_FDS", "1", 1);
    ::_exit(check());
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

TEST(Notify, TakesHandedSockets) {
  const support::ScratchDir dir;
  const auto listening = bound((dir / "s").string(), SOCK_STREAM);
  ASSERT_EQ(::listen(listening.get(), 1), 0);
  EXPECT_EQ(exit_of_activated_child(listening.get(),
                                    [] {
                                      const auto sockets = activation_sockets();
                                      if (sockets.size() != 1 || sockets.front().get() != 3) return 1;
                                      return ::getenv("LISTEN_FDS") == nullptr ? 0 : 3;
                                    }),
            0);
}

TEST(Notify, RefusesWhatIsNoListeningSocket) {
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  EXPECT_EQ(exit_of_activated_child(ends[0], [] { return activation_sockets().empty() ? 0 : 1; }), 0);
  ::close(ends[0]);
  ::close(ends[1]);
}

TEST(Notify, TakesNothingWhenNothingIsHanded) {
  ::unsetenv("LISTEN_FDS");
  EXPECT_TRUE(activation_sockets().empty());
}

}  // namespace
}  // namespace fairlead::daemon
