#include "adapters/sqlite/store.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <fstream>

#include "adapters/sqlite/database.h"
#include "support/scratch_dir.h"
#include "support/slowness.h"

namespace fairlead::sqlite {
namespace {

using ports::Record;

class StoreTest : public ::testing::Test {
 protected:
  support::ScratchDir dir_;
  const std::filesystem::path file_ = dir_ / "sub/records.db";
};

TEST_F(StoreTest, SurvivesReopening) {
  ASSERT_TRUE(open_store(file_).value()->commit({{"network", "a", "1"}}));
  EXPECT_EQ(open_store(file_).value()->load().value(), (std::vector<Record>{{"network", "a", "1"}}));
}

TEST_F(StoreTest, IsReadableByRootAlone) {
  ASSERT_TRUE(open_store(file_));
  struct stat info{};
  ASSERT_EQ(::stat(file_.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
}

// What was committed before kill -9 is there afterwards, and a commit is never half there.
TEST_F(StoreTest, SurvivesKillNine) {
  ASSERT_TRUE(open_store(file_));
  int pipe_ends[2];
  ASSERT_EQ(::pipe(pipe_ends), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    auto store = open_store(file_);
    for (int i = 0; store; ++i) {
      const std::string n = std::to_string(i);
      if (!(*store)->commit({{"left", "k", n}, {"right", "k", n}})) ::_exit(1);
      if (::write(pipe_ends[1], &i, sizeof i) != sizeof i) ::_exit(1);
    }
    ::_exit(1);
  }
  ::close(pipe_ends[1]);
  int last = -1;
  for (int seen = -1; last < 500 && ::read(pipe_ends[0], &seen, sizeof seen) == sizeof seen;) last = seen;
  ::kill(child, SIGKILL);
  for (int seen = -1; ::read(pipe_ends[0], &seen, sizeof seen) == sizeof seen;) last = seen;
  ::close(pipe_ends[0]);
  int status = 0;
  ::waitpid(child, &status, 0);
  ASSERT_TRUE(WIFSIGNALED(status));

  const auto records = open_store(file_).value()->load().value();
  ASSERT_EQ(records.size(), 2u);
  EXPECT_EQ(records[0].body, records[1].body);
  EXPECT_GE(std::stoi(records[0].body), last);
}

TEST_F(StoreTest, SaysWhatToDoAboutADamagedFile) {
  {
    auto store = open_store(file_).value();
    for (int i = 0; i < 200; ++i) ASSERT_TRUE(store->commit({{"c", std::to_string(i), std::string(500, 'x')}}));
  }
  std::fstream damaged(file_, std::ios::in | std::ios::out | std::ios::binary);
  damaged.seekp(4096 * 3);
  damaged << std::string(4096 * 4, '\x5a');
  damaged.close();
  const auto store = open_store(file_);
  ASSERT_FALSE(store);
  EXPECT_NE(store.error().text.find("is damaged"), std::string::npos) << store.error().text;
  EXPECT_NE(store.error().text.find("restore it from a backup, or move"), std::string::npos) << store.error().text;
}

TEST_F(StoreTest, SaysWhatToDoAboutAFileThatIsNoDatabase) {
  std::filesystem::create_directories(file_.parent_path());
  std::ofstream(file_) << std::string(8192, 'n');
  const auto store = open_store(file_);
  ASSERT_FALSE(store);
  EXPECT_NE(store.error().text.find("is damaged"), std::string::npos) << store.error().text;
}

TEST_F(StoreTest, LeavesTheFileOfANewerVersionAlone) {
  ASSERT_TRUE(open_store(file_));
  {
    sqlite3* raw = nullptr;
    ASSERT_EQ(sqlite3_open(file_.c_str(), &raw), SQLITE_OK);
    const Database db(raw);
    ASSERT_TRUE(run(raw, "f", "PRAGMA user_version=99"));
  }
  const auto store = open_store(file_);
  ASSERT_FALSE(store);
  EXPECT_NE(store.error().text.find("newer fairlead"), std::string::npos);
}

TEST_F(StoreTest, RefusesASecondHolder) {
  const auto first = open_store(file_);
  ASSERT_TRUE(first);
  ASSERT_TRUE((*first)->commit({{"c", "k", "v"}}));
  const auto second = open_store(file_);
  ASSERT_FALSE(second);
  EXPECT_NE(second.error().text.find("held by another program"), std::string::npos) << second.error().text;
}

TEST_F(StoreTest, RefusesAPathThatCannotBe) {
  EXPECT_FALSE(open_store(dir_.path()));
  std::ofstream(dir_ / "plain") << "x";
  EXPECT_FALSE(open_store(dir_ / "plain/records.db"));
}

// The budget of a commit: two records of a container's size in under 150 µs, the median of 500.
TEST_F(StoreTest, CommitsTwoRecordsQuickly) {
  auto store = open_store(file_).value();
  const std::string body(2000, 'j');
  std::vector<double> took;
  for (int i = 0; i < 500; ++i) {
    const auto begin = std::chrono::steady_clock::now();
    ASSERT_TRUE(
        store->commit({{"container", std::to_string(i % 50), body}, {"sandbox", std::to_string(i % 50), body}}));
    took.push_back(std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - begin).count());
  }
  std::ranges::sort(took);
  RecordProperty("median_us", static_cast<int>(took[250]));
  RecordProperty("p99_us", static_cast<int>(took[495]));
  EXPECT_LT(took[250], 150 * support::slowness());
}

}  // namespace
}  // namespace fairlead::sqlite
