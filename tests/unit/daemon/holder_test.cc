#include "daemon/holder.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>

#include <cstring>
#include <fstream>
#include <thread>

#include "support/scratch_dir.h"

namespace fairlead::daemon {
namespace {

class HolderTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (geteuid() != 0) GTEST_SKIP() << "needs root: the holder serves nobody else";
  }
  std::string path() const { return (scratch_.path() / "names.sock").string(); }
  /// Runs the holder's main loop in a child on a socket bound here, as `Holder` finds it.
  pid_t fork_holder() {
    base::Fd listener(socket(AF_UNIX, SOCK_SEQPACKET, 0));
    sockaddr_un address{.sun_family = AF_UNIX, .sun_path = {}};
    std::strncpy(address.sun_path, path().c_str(), sizeof address.sun_path - 1);
    EXPECT_EQ(bind(listener.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    EXPECT_EQ(listen(listener.get(), 8), 0);
    const pid_t child = fork();
    if (child == 0) _exit(run_holder(std::move(listener), path()));
    return child;
  }
  static ports::ResolverSockets sockets() {
    ports::ResolverSockets made{base::Fd(socket(AF_INET, SOCK_DGRAM, 0)), base::Fd(socket(AF_INET, SOCK_STREAM, 0))};
    return made;
  }
  static ino_t inode(const base::Fd& fd) {
    struct stat info{};
    fstat(fd.get(), &info);
    return info.st_ino;
  }
  /// Its exit status within five seconds, or -1.
  static int ended(pid_t child) {
    for (int i = 0; i < 500; ++i) {
      int status = 0;
      if (waitpid(child, &status, WNOHANG) == child) return WIFEXITED(status) ? WEXITSTATUS(status) : -2;
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    kill(child, SIGKILL);
    waitpid(child, nullptr, 0);
    return -1;
  }
  support::ScratchDir scratch_;
};

TEST_F(HolderTest, KeepsSocketsForTheNextDaemonAndEndsWhenItHoldsNothing) {
  const auto child = fork_holder();
  ino_t udp = 0, tcp = 0;
  {
    Holder first(path(), "/bin/false");
    const auto made = sockets();
    udp = inode(made.udp);
    tcp = inode(made.tcp);
    ASSERT_TRUE(first.store("a", made));
    ASSERT_TRUE(first.store("b", sockets()));
    ASSERT_TRUE(first.drop("b"));
  }
  Holder second(path(), "/bin/false");
  auto all = second.take_all();
  ASSERT_TRUE(all) << all.error().text;
  ASSERT_EQ(all->size(), 1u);
  EXPECT_EQ(inode(all->at("a").udp), udp);
  EXPECT_EQ(inode(all->at("a").tcp), tcp);
  ASSERT_TRUE(second.drop("a"));
  EXPECT_EQ(waitpid(child, nullptr, WNOHANG), 0) << "a daemon is there: it may bring more";
  second = Holder(path(), "/bin/false");
  EXPECT_EQ(ended(child), 0);
  struct stat info{};
  EXPECT_NE(stat(path().c_str(), &info), 0) << "its socket file goes with it";
}

TEST_F(HolderTest, NobodyThereHoldsNothingAndCannotBeStartedByAProgramThatFails) {
  Holder holder(path(), "/bin/false");
  EXPECT_TRUE(holder.take_all()->empty());
  EXPECT_TRUE(holder.drop("a"));
  EXPECT_FALSE(holder.store("a", sockets()));
  EXPECT_FALSE(holder.store("", sockets()));
  EXPECT_FALSE(holder.store(std::string(200, 'x'), sockets()));
}

TEST_F(HolderTest, NonsenseClosesTheConnectionOfWhoSentItOnly) {
  const auto child = fork_holder();
  Holder holder(path(), "/bin/false");
  ASSERT_TRUE(holder.store("a", sockets()));
  base::Fd rude(socket(AF_UNIX, SOCK_SEQPACKET, 0));
  sockaddr_un address{.sun_family = AF_UNIX, .sun_path = {}};
  std::strncpy(address.sun_path, path().c_str(), sizeof address.sun_path - 1);
  ASSERT_EQ(connect(rude.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  const std::string nonsense(1000, 'x');
  ASSERT_GT(send(rude.get(), nonsense.data(), nonsense.size(), 0), 0);
  char in[8];
  EXPECT_LE(recv(rude.get(), in, sizeof in, 0), 0);
  EXPECT_EQ(holder.take_all()->size(), 1u);
  ASSERT_TRUE(holder.drop("a"));
  holder = Holder(path(), "/bin/false");
  EXPECT_EQ(ended(child), 0);
}

}  // namespace
}  // namespace fairlead::daemon
