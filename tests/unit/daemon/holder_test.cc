/// The holder as a process: when it begins and ends. What it keeps is told by the contract of SocketKeeper.
#include "daemon/holder.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>

#include "support/holder_child.h"
#include "support/scratch_dir.h"

namespace fairlead::daemon {
namespace {

using support::ended;

class HolderTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (geteuid() != 0) GTEST_SKIP() << "needs root: the holder serves nobody else";
  }
  std::string path() const { return (scratch_.path() / "holder.sock").string(); }
  static base::Result<void> keep(Holder& holder, const std::string& key) {
    const base::Fd made(socket(AF_INET, SOCK_DGRAM, 0));
    return holder.keep({{key, made.get()}});
  }
  support::ScratchDir scratch_;
};

TEST_F(HolderTest, EndsWhenItHoldsNothingAndNoDaemonIsThere) {
  const auto child = support::fork_holder(path());
  {
    Holder first(path(), "/bin/false");
    ASSERT_TRUE(keep(first, "a"));
  }
  {
    Holder second(path(), "/bin/false");
    EXPECT_EQ(second.take("")->size(), 1u) << "it outlives the daemon";
    ASSERT_TRUE(second.drop({"a"}));
    EXPECT_EQ(waitpid(child, nullptr, WNOHANG), 0) << "a daemon is there: it may bring more";
  }
  EXPECT_EQ(ended(child), 0);
  EXPECT_FALSE(std::filesystem::exists(path())) << "its socket file goes with it";
}

TEST_F(HolderTest, EndsWhenItsSocketIsGoneFromTheFileSystem) {
  const auto child = support::fork_holder(path());
  Holder holder(path(), "/bin/false");
  ASSERT_TRUE(keep(holder, "a"));
  std::filesystem::remove(path());
  EXPECT_EQ(ended(child), 0);
}

TEST_F(HolderTest, EndsWhenAnotherTookItsPlace) {
  const auto child = support::fork_holder(path());
  Holder holder(path(), "/bin/false");
  ASSERT_TRUE(keep(holder, "a"));
  std::filesystem::rename(path(), path() + ".old");
  EXPECT_EQ(ended(child), 0);
}

TEST_F(HolderTest, NobodyThereHoldsNothingAndCannotBeStartedByAProgramThatFails) {
  Holder holder(path(), "/bin/false");
  EXPECT_TRUE(holder.take("")->empty());
  EXPECT_TRUE(holder.drop({"a"}));
  EXPECT_FALSE(keep(holder, "a"));
}

TEST_F(HolderTest, NonsenseClosesTheConnectionOfWhoSentItOnly) {
  const auto child = support::fork_holder(path());
  {
    Holder holder(path(), "/bin/false");
    ASSERT_TRUE(keep(holder, "a"));
    // No message, none of a known kind, and a key without its socket.
    for (const auto& nonsense : {std::string(10'000, 'x'), std::string("x"), std::string("Sb")}) {
      const base::Fd rude(socket(AF_UNIX, SOCK_SEQPACKET, 0));
      const auto address = support::unix_address(path());
      ASSERT_EQ(connect(rude.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
      ASSERT_GT(send(rude.get(), nonsense.data(), nonsense.size(), 0), 0);
      char in[8];
      EXPECT_LE(recv(rude.get(), in, sizeof in, 0), 0);
    }
    EXPECT_EQ(holder.take("")->size(), 1u);
    ASSERT_TRUE(holder.drop({"a"}));
  }
  EXPECT_EQ(ended(child), 0);
}

}  // namespace
}  // namespace fairlead::daemon
