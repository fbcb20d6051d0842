#include "daemon/repair_words.h"

#include <gmock/gmock.h>

#include "support/objects.h"
#include "support/skeletons.h"

namespace fairlead::daemon {
namespace {

using namespace support;
using ::testing::ElementsAre;

ports::Link on(const char* master) {
  return {
      .key = {{}, "veth1"}, .kind = ports::VethLink{}, .mtu = 1500, .master = master, .mac = {}, .alias = "fairlead:"};
}

std::vector<std::string> of_kernel(const std::optional<ports::Object>& before,
                                   const std::optional<ports::Object>& after) {
  return what_was_wrong({.make = {{before, after}}, .firewall = {}, .unmake = {}});
}

TEST(RepairWords, SayWhatWasWrong) {
  const ports::Sysctl off{{}, "net/ipv4/ip_forward", "0"}, on_again{{}, "net/ipv4/ip_forward", "1"};
  EXPECT_THAT(of_kernel(off, on_again), ElementsAre("setting net/ipv4/ip_forward was 0, not 1"));
  EXPECT_THAT(of_kernel(std::nullopt, on("br0")), ElementsAre("link veth1 was gone or down"));
  EXPECT_THAT(of_kernel(on(""), on("br0")), ElementsAre("link veth1 was on no bridge, not on br0"));
  EXPECT_THAT(of_kernel(on("br1"), on("br0")), ElementsAre("link veth1 was on br1, not on br0"));
  EXPECT_THAT(of_kernel(std::nullopt, ports::Address{{{}, "br0"}, prefix("10.0.0.1/24")}),
              ElementsAre("address 10.0.0.1/24 on br0, or the route to its subnet, was gone"));
  const auto one = element("bridges", {name("br0")});
  EXPECT_THAT(what_was_wrong({.make = {}, .firewall = {add(one)}, .unmake = {}}),
              ElementsAre("element bridges { \"br0\" } was gone"));
}

TEST(RepairWords, OnlyCountTheElementsOfALostTable) {
  const ports::FirewallSkeleton table{"fairlead", ""};
  EXPECT_THAT(
      what_was_wrong({.make = {}, .firewall = {add(table), add(element("bridges", {name("br0")}))}, .unmake = {}}),
      ElementsAre("firewall table fairlead was gone, with 1 elements"));
}

}  // namespace
}  // namespace fairlead::daemon
