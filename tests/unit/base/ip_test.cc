#include "base/ip.h"

#include <gtest/gtest.h>

namespace fairlead::base {
namespace {

TEST(Ip, ReadsAndPrintsCanonically) {
  EXPECT_EQ(Ip::parse("172.17.0.1")->text(), "172.17.0.1");
  EXPECT_EQ(Ip::parse("FD00:0::0:1")->text(), "fd00::1");
  EXPECT_EQ(Ip::parse("::ffff:10.0.0.1")->text(), "::ffff:10.0.0.1");
  for (const auto* wrong : {"", "1.2.3", "1.2.3.4.5", "172.08.21.0", "256.1.1.1", " 1.2.3.4", "1.2.3.4 ",
                            "fe80::1%eth0", ":::", "g::1", "1.2.3.4/8"}) {
    EXPECT_FALSE(Ip::parse(wrong)) << wrong;
  }
  EXPECT_FALSE(Ip::parse(std::string_view("1.2.3.4\0", 8)));
}

TEST(Ip, CountsOnAndWrapsAround) {
  EXPECT_EQ(Ip::parse("10.0.0.255")->plus(1).text(), "10.0.1.0");
  EXPECT_EQ(Ip::parse("255.255.255.255")->plus(1).text(), "0.0.0.0");
  EXPECT_EQ(Ip::parse("fd00::ffff")->plus(0x10001).text(), "fd00::2:0");
  EXPECT_EQ(Ip::v4(0xac110002).text(), "172.17.0.2");
  EXPECT_EQ(Ip::parse("172.17.0.2")->as_u32(), 0xac110002u);
}

TEST(Ip, KnowsSpecialAddresses) {
  EXPECT_TRUE(Ip::parse("127.9.9.9")->is_loopback());
  EXPECT_TRUE(Ip::parse("::1")->is_loopback());
  EXPECT_FALSE(Ip::parse("::2")->is_loopback());
  EXPECT_TRUE(Ip::parse("0.0.0.0")->is_unspecified());
  EXPECT_LT(*Ip::parse("255.0.0.0"), *Ip::parse("::"));  // family first
}

TEST(Prefix, ReadsStrictly) {
  EXPECT_EQ(Prefix::parse("172.17.0.1/16")->text(), "172.17.0.1/16");
  EXPECT_EQ(Prefix::parse("::/0")->length(), 0);
  for (const auto* wrong : {"10.0.0.0", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/08", "10.0.0.0/8 ", "/8",
                            "::/129", "10.0.0.0/8/8", "10.0.0.0/+8"}) {
    EXPECT_FALSE(Prefix::parse(wrong)) << wrong;
  }
}

TEST(Prefix, NetworkLastAndContainment) {
  const auto prefix = *Prefix::parse("172.17.5.9/20");
  EXPECT_EQ(prefix.network().text(), "172.17.0.0/20");
  EXPECT_EQ(prefix.last().text(), "172.17.15.255");
  EXPECT_FALSE(prefix.is_network());
  EXPECT_TRUE(prefix.contains(*Ip::parse("172.17.15.1")));
  EXPECT_FALSE(prefix.contains(*Ip::parse("172.17.16.0")));
  EXPECT_FALSE(prefix.contains(*Ip::parse("::1")));
  EXPECT_TRUE(prefix.overlaps(*Prefix::parse("172.16.0.0/12")));
  EXPECT_TRUE(Prefix::parse("172.16.0.0/12")->overlaps(prefix));
  EXPECT_FALSE(prefix.overlaps(*Prefix::parse("172.17.16.0/20")));
  EXPECT_EQ(Prefix::parse("0.0.0.0/0")->last().text(), "255.255.255.255");
  EXPECT_EQ(Prefix::parse("fd00::/64")->last().text(), "fd00::ffff:ffff:ffff:ffff");
}

TEST(Mac, ReadsAndPrints) {
  EXPECT_EQ(Mac::parse("02:42:AC:11:00:02")->text(), "02:42:ac:11:00:02");
  EXPECT_EQ(Mac::parse("02-42-ac-11-00-02")->text(), "02:42:ac:11:00:02");
  EXPECT_EQ(Mac::from_ipv4(*Ip::parse("172.17.0.2")).text(), "02:42:ac:11:00:02");
  EXPECT_TRUE(Mac::parse("01:00:5e:00:00:01")->is_multicast());
  for (const auto* wrong :
       {"", "02:42:ac:11:00", "02:42:ac:11:00:0g", "02:42:ac:11:00:2 ", "0242ac110002", "-2:42:ac:11:00:02"}) {
    EXPECT_FALSE(Mac::parse(wrong)) << wrong;
  }
}

}  // namespace
}  // namespace fairlead::base
