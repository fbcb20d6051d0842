#include "base/id.h"

#include <gtest/gtest.h>

namespace fairlead::base {
namespace {

TEST(Id, IsTheHexOfItsEntropy) {
  Entropy entropy{};
  entropy[0] = 0xab;
  entropy[31] = 0x01;
  const auto id = ContainerId::from(entropy);
  EXPECT_EQ(id.text(), "ab" + std::string(60, '0') + "01");
  EXPECT_EQ(id.short_text(), "ab0000000000");
  EXPECT_EQ(ContainerId::parse(id.text()), id);
}

TEST(Id, ReadsOnlySixtyFourLowerCaseDigits) {
  EXPECT_FALSE(ContainerId::parse(std::string(63, 'a')));
  EXPECT_FALSE(ContainerId::parse(std::string(65, 'a')));
  EXPECT_FALSE(ContainerId::parse(std::string(64, 'A')));
  EXPECT_FALSE(ContainerId::parse(std::string(63, 'a') + "g"));
  EXPECT_TRUE(ContainerId::parse(std::string(64, 'a')));
  EXPECT_TRUE(ContainerId().empty());
}

TEST(Entropy, IsFreshEachTime) {
  EXPECT_NE(fresh_entropy(), fresh_entropy());
}

TEST(Hex, KeepsHighBytes) {
  EXPECT_EQ(to_hex(std::string_view("\xff\x00z", 3)), "ff007a");
}

}  // namespace
}  // namespace fairlead::base
