#include "daemon/pidfile.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "support/scratch_dir.h"

namespace fairlead::daemon {
namespace {

using ::testing::HasSubstr;

class PidfileTest : public ::testing::Test {
 protected:
  std::string content() const {
    std::ifstream file(path_);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  support::ScratchDir dir_;
  const std::string path_ = (dir_ / "sub/d.pid").string();
};

TEST_F(PidfileTest, HoldsOurPidAndGoesWithTheClaim) {
  {
    const auto claim = write_pidfile(path_);
    ASSERT_TRUE(claim);
    EXPECT_EQ(content(), std::to_string(::getpid()));
  }
  EXPECT_FALSE(std::filesystem::exists(path_));
}

TEST_F(PidfileTest, TakesOverWhatADeadDaemonLeft) {
  std::filesystem::create_directories(dir_ / "sub");
  std::ofstream(path_) << "99999999999\n";
  const auto claim = write_pidfile(path_);
  ASSERT_TRUE(claim);
  EXPECT_EQ(content(), std::to_string(::getpid()));
}

// flock(2) belongs to the open file, so that a second open in this process stands for a second daemon.
TEST_F(PidfileTest, RefusesASecondDaemonInDockersWords) {
  const auto claim = write_pidfile(path_);
  ASSERT_TRUE(claim);
  const auto second = write_pidfile(path_);
  ASSERT_FALSE(second);
  EXPECT_THAT(second.error().text, HasSubstr("process with PID " + std::to_string(::getpid()) + " is still running"));
  EXPECT_EQ(content(), std::to_string(::getpid()));
}

TEST_F(PidfileTest, EmptyPathClaimsNothing) {
  EXPECT_TRUE(write_pidfile(""));
}

TEST_F(PidfileTest, DataRootHasOneDaemon) {
  const std::string root = (dir_ / "data").string();
  {
    const auto first = lock_data_root(root);
    ASSERT_TRUE(first);
    const auto second = lock_data_root(root);
    ASSERT_FALSE(second);
    EXPECT_THAT(second.error().text, HasSubstr("is used by the daemon with PID"));
  }
  EXPECT_TRUE(lock_data_root(root));
}

}  // namespace
}  // namespace fairlead::daemon
