#include "ports/objects.h"

#include <gtest/gtest.h>

#include "support/objects.h"

namespace fairlead::ports {
namespace {

using namespace support;

TEST(KeyOf, TellsKindsAndPlacesApartAndNotManners) {
  EXPECT_NE(key_of(bridge("a")), key_of(Netns{"a"}));
  EXPECT_NE(key_of(bridge("eth0")), key_of(loopback("eth0")));
  auto taller = bridge("a");
  taller.mtu = 9000;
  EXPECT_EQ(key_of(bridge("a")), key_of(taller));
  EXPECT_NE(key_of(Address{{"", "a"}, prefix("10.0.0.1/8")}), key_of(Address{{"", "a"}, prefix("10.0.0.2/8")}));
  const Route route{"n", prefix("0.0.0.0/0"), ip("10.0.0.1"), "eth0", 0};
  auto other_way = route;
  other_way.via = ip("10.0.0.2");
  EXPECT_EQ(key_of(route), key_of(other_way));
  other_way.metric = 5;
  EXPECT_NE(key_of(route), key_of(other_way));
  const FirewallElement address{"t", "s", {ip("10.0.0.1")}, {}, ""},
      whole{"t", "s", {prefix("10.0.0.1/32")}, {}, "other"};
  EXPECT_EQ(key_of(address), key_of(whole));
  EXPECT_NE(key_of(FirewallElement{"t", "s", {Port{6}}, {}, ""}),
            key_of(FirewallElement{"t", "s", {L4Protocol{6}}, {}, ""}));
}

TEST(Describe, IsOneLineForPeople) {
  EXPECT_EQ(describe(Object(bridge("docker0"))), "link docker0 (bridge, mtu 1500, mac 02:42:00:00:00:01)");
  EXPECT_EQ(describe(add(veth("v1", "docker0", "box", "02:42:ac:11:00:02"))),
            "+ link v1 (veth to box/eth0, mtu 1500, on docker0)");
  EXPECT_EQ(describe(del(Route{"box", prefix("0.0.0.0/0"), ip("172.17.0.1"), "eth0", 0})),
            "- route 0.0.0.0/0 via 172.17.0.1 dev eth0 in box");
  EXPECT_EQ(describe(change(Sysctl{"", "a/b", "0"}, Sysctl{"", "a/b", "1"})), "~ sysctl a/b = 1");
  EXPECT_EQ(describe(Object(FirewallElement{"t", "pub", {L4Protocol{6}, Port{80}}, {ip("10.0.0.1"), Port{8080}}, ""})),
            "element pub { proto 6 . port 80 : 10.0.0.1 . port 8080 }");
  EXPECT_EQ(describe(Step{}), "nothing");
}

}  // namespace
}  // namespace fairlead::ports
