// What every Store keeps to, run on the real one and on the fake that other tests stand on.
#include <gtest/gtest.h>

#include <functional>
#include <memory>

#include "adapters/sqlite/store.h"
#include "support/fake_store.h"
#include "support/scratch_dir.h"

namespace fairlead {
namespace {

using ports::Record;

struct Kind {
  const char* name;
  std::function<std::unique_ptr<ports::Store>(const std::filesystem::path&)> open;
};

class StoreContract : public ::testing::TestWithParam<Kind> {
 protected:
  void SetUp() override {
    store_ = GetParam().open(dir_ / "records.db");
    ASSERT_TRUE(store_);
  }
  std::vector<Record> all() { return store_->load().value(); }

  support::ScratchDir dir_;
  std::unique_ptr<ports::Store> store_;
};

TEST_P(StoreContract, StartsEmpty) {
  EXPECT_TRUE(all().empty());
}

TEST_P(StoreContract, GivesBackWhatWasPutByKindAndKey) {
  ASSERT_TRUE(store_->commit({{"network", "b", "{\"n\":2}"}, {"container", "z", "{}"}, {"network", "a", "{\"n\":1}"}}));
  EXPECT_EQ(all(), (std::vector<Record>{
                       {"container", "z", "{}"}, {"network", "a", "{\"n\":1}"}, {"network", "b", "{\"n\":2}"}}));
}

TEST_P(StoreContract, PutReplaces) {
  ASSERT_TRUE(store_->commit({{"network", "a", "old"}}));
  ASSERT_TRUE(store_->commit({{"network", "a", "new"}}));
  EXPECT_EQ(all(), (std::vector<Record>{{"network", "a", "new"}}));
}

TEST_P(StoreContract, SameKeyOfAnotherKindIsAnotherRecord) {
  ASSERT_TRUE(store_->commit({{"network", "a", "1"}, {"container", "a", "2"}}));
  ASSERT_TRUE(store_->commit({{"network", "a", std::nullopt}}));
  EXPECT_EQ(all(), (std::vector<Record>{{"container", "a", "2"}}));
}

TEST_P(StoreContract, ErasingWhatIsNotThereSucceeds) {
  EXPECT_TRUE(store_->commit({{"network", "nosuch", std::nullopt}}));
  EXPECT_TRUE(all().empty());
}

TEST_P(StoreContract, LastChangeOfOneCommitWins) {
  ASSERT_TRUE(store_->commit({{"c", "k", "1"}, {"c", "k", std::nullopt}, {"c", "k", "3"}}));
  EXPECT_EQ(all(), (std::vector<Record>{{"c", "k", "3"}}));
  ASSERT_TRUE(store_->commit({{"c", "k", "4"}, {"c", "k", std::nullopt}}));
  EXPECT_TRUE(all().empty());
}

TEST_P(StoreContract, NothingToDoIsFine) {
  EXPECT_TRUE(store_->commit({}));
}

TEST_P(StoreContract, KeepsEveryByte) {
  const std::string odd("nul\0quote'\"\n\xff\xfe", 15);
  const std::string large(300'000, 'x');
  ASSERT_TRUE(store_->commit({{"c", "odd", odd}, {"c", "large", large}, {"c", "", ""}}));
  EXPECT_EQ(all(), (std::vector<Record>{{"c", "", ""}, {"c", "large", large}, {"c", "odd", odd}}));
}

INSTANTIATE_TEST_SUITE_P(
    Stores, StoreContract,
    ::testing::Values(Kind{"sqlite", [](const auto& file) { return sqlite::open_store(file).value_or(nullptr); }},
                      Kind{"fake", [](const auto&) { return std::make_unique<support::FakeStore>(); }}),
    [](const auto& test) { return test.param.name; });

}  // namespace
}  // namespace fairlead
