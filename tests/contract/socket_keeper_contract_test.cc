/// What every SocketKeeper does, the fake as well as the holder process.
#include <gmock/gmock.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <memory>

#include "support/fake_keeper.h"
#include "support/holder_child.h"
#include "support/scratch_dir.h"

namespace fairlead {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;

ino_t inode(int fd) {
  struct stat info{};
  fstat(fd, &info);
  return info.st_ino;
}

class SocketKeeperContract : public ::testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    if (std::string(GetParam()) == "fake") {
      keeper_ = std::make_unique<support::FakeKeeper>();
      return;
    }
    if (geteuid() != 0) GTEST_SKIP() << "needs root: the holder serves nobody else";
    const auto path = (scratch_.path() / "holder.sock").string();
    child_ = support::fork_holder(path);
    keeper_ = std::make_unique<daemon::Holder>(path, "/bin/false");
  }
  void TearDown() override {
    if (child_ <= 0) return;
    kill(child_, SIGKILL);
    waitpid(child_, nullptr, 0);
  }
  /// A new socket under each key; the keeper's copies are all that is left of them.
  std::map<std::string, ino_t> keep(const std::vector<std::string>& keys) {
    std::vector<base::Fd> made;
    std::vector<ports::KeptSocket> sockets;
    std::map<std::string, ino_t> inodes;
    for (const auto& key : keys) {
      made.emplace_back(socket(AF_INET, SOCK_DGRAM, 0));
      sockets.push_back({key, made.back().get()});
      inodes[key] = inode(made.back().get());
    }
    const auto kept = keeper_->keep(sockets);
    EXPECT_TRUE(kept) << kept.error().text;
    return inodes;
  }
  std::map<std::string, ino_t> taken(const std::string& prefix) {
    const auto all = keeper_->take(prefix);
    EXPECT_TRUE(all) << all.error().text;
    std::map<std::string, ino_t> inodes;
    for (const auto& [key, fd] : *all) inodes[key] = inode(fd.get());
    return inodes;
  }

  support::ScratchDir scratch_;
  pid_t child_ = 0;
  std::unique_ptr<ports::SocketKeeper> keeper_;
};
INSTANTIATE_TEST_SUITE_P(Keepers, SocketKeeperContract, ::testing::Values("fake", "holder"),
                         [](const auto& info) { return std::string(info.param); });

TEST_P(SocketKeeperContract, KeepsUntilDropped) {
  EXPECT_THAT(taken(""), IsEmpty());
  const auto made = keep({"port 6 80 *", "port 6 81 *", "table"});
  EXPECT_EQ(taken(""), made);
  EXPECT_THAT(taken("port "),
              ElementsAre(Pair("port 6 80 *", made.at("port 6 80 *")), Pair("port 6 81 *", made.at("port 6 81 *"))));
  EXPECT_THAT(taken("name "), IsEmpty());
  EXPECT_TRUE(keeper_->drop({"port 6 80 *", "never kept"}));
  EXPECT_THAT(taken("port "), ElementsAre(Pair("port 6 81 *", made.at("port 6 81 *"))));
  EXPECT_TRUE(keeper_->drop({"port 6 81 *", "table"}));
  EXPECT_THAT(taken(""), IsEmpty());
}

TEST_P(SocketKeeperContract, OfAnEqualKeyTheLastCounts) {
  keep({"a"});
  const auto second = keep({"a"});
  EXPECT_EQ(taken("a"), second);
}

TEST_P(SocketKeeperContract, ManyAtOnce) {
  std::vector<std::string> keys;
  for (int i = 0; i < 200; ++i) keys.push_back("port 17 " + std::to_string(i) + std::string(100, 'x'));
  const auto made = keep(keys);
  EXPECT_EQ(taken("port "), made);
  EXPECT_TRUE(keeper_->drop(keys));
  EXPECT_THAT(taken(""), IsEmpty());
}

TEST_P(SocketKeeperContract, UnfitKeysAreRefused) {
  for (const auto& key : {std::string(), std::string(129, 'x'), std::string("two\nlines")}) {
    const auto kept = keeper_->keep({{"fit", 0}, {key, 0}});
    ASSERT_FALSE(kept);
    EXPECT_EQ(kept.error().kind, base::ErrorKind::invalid);
  }
  EXPECT_THAT(taken(""), IsEmpty());
}

}  // namespace
}  // namespace fairlead
