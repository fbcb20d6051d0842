/// The watch against the real kernel: what ip(8) and nft(8) take away is told, what comes or is ours is not.
#include "adapters/linux/watch.h"

#include <poll.h>
#include <unistd.h>

#include <gmock/gmock.h>

#include "adapters/linux/firewall.h"
#include "support/objects.h"
#include "support/private_host.h"
#include "support/skeletons.h"

namespace fairlead {
namespace {

using namespace support;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Not;

class WatchTest : public PrivateHostTest {
 protected:
  void SetUp() override {
    PrivateHostTest::SetUp();
    if (IsSkipped()) return;
    sh("nft flush ruleset");
    ASSERT_EQ(sh("ip link add wbr0 type bridge && ip addr add 10.9.0.1/24 dev wbr0 && ip link set wbr0 up"), 0);
    auto made = linuxnet::make_watch();
    ASSERT_TRUE(made) << made.error().text;
    watch_ = std::move(*made);
  }
  void TearDown() override { sh("ip link del wbr0 2>/dev/null; ip link del wv0 2>/dev/null; nft flush ruleset"); }
  bool readable() const {
    pollfd poll{.fd = watch_->fd(), .events = POLLIN, .revents = 0};
    return ::poll(&poll, 1, 0) == 1;
  }
  ports::Losses take() {
    auto losses = watch_->take();
    EXPECT_TRUE(losses);
    return losses ? *losses : ports::Losses{};
  }

  std::unique_ptr<ports::Watch> watch_;
};

TEST_F(WatchTest, TellsOfLinksThatGo) {
  EXPECT_FALSE(readable());
  ASSERT_EQ(sh("ip link set wbr0 down"), 0);
  EXPECT_TRUE(readable());
  EXPECT_THAT(take().links, ElementsAre("wbr0"));
  EXPECT_FALSE(readable());
  ASSERT_EQ(sh("ip link set wbr0 up"), 0);
  EXPECT_THAT(take().links, IsEmpty());
  ASSERT_EQ(sh("ip link del wbr0"), 0);
  EXPECT_THAT(take().links, ElementsAre("wbr0"));
}

TEST_F(WatchTest, TellsOfPortsThatLeaveTheirBridge) {
  ASSERT_EQ(sh("ip link add wv0 up master wbr0 type veth peer name wv1"), 0);
  EXPECT_THAT(take().links, IsEmpty()) << "a new link has lost nothing";
  ASSERT_EQ(sh("ip link set wv0 nomaster"), 0);
  EXPECT_THAT(take().links, ElementsAre("wv0"));
  ASSERT_EQ(sh("ip link del wv1"), 0);
  EXPECT_THAT(take().links, Contains("wv0"));
}

TEST_F(WatchTest, TellsOfACarrierThatGoesAndReturns) {
  ASSERT_EQ(sh("ip link add wv0 up type veth peer name wv1 && ip link set wv1 up && ip link set wv0 up"), 0);
  const auto told = [&](bool carrier) {
    for (int i = 0; i < 200; ++i, ::usleep(10'000)) {
      const auto carriers = take().carriers;
      if (const auto at = carriers.find("wv0"); at != carriers.end() && at->second == carrier) return true;
    }
    return false;
  };
  EXPECT_TRUE(told(true));
  ASSERT_EQ(sh("ip link set wv1 down"), 0);
  EXPECT_TRUE(told(false));
  ASSERT_EQ(sh("ip link set wv1 up"), 0);
  EXPECT_TRUE(told(true));
}

TEST_F(WatchTest, TellsOfAddressesThatGo) {
  ASSERT_EQ(sh("ip addr add 10.9.1.1/24 dev wbr0 && ip addr add fd00:9::1/64 dev wbr0 nodad"), 0);
  EXPECT_THAT(take().addresses, IsEmpty());
  ASSERT_EQ(sh("ip addr del 10.9.0.1/24 dev wbr0 && ip addr del fd00:9::1/64 dev wbr0"), 0);
  const auto gone = take().addresses;
  EXPECT_THAT(gone, Contains(prefix("10.9.0.1/24")));
  EXPECT_THAT(gone, Contains(prefix("fd00:9::1/64")));
  EXPECT_THAT(gone, Not(Contains(prefix("10.9.1.1/24"))));
}

TEST_F(WatchTest, TellsOfSubnetRoutesThatGoAndSleepsOverOthers) {
  ASSERT_EQ(sh("ip addr add fd00:9::1/64 dev wbr0 nodad"), 0);
  take();
  ASSERT_EQ(sh("ip route add 10.66.0.0/16 via 10.9.0.7 && ip route del 10.66.0.0/16"), 0);
  EXPECT_FALSE(readable());
  ASSERT_EQ(sh("ip route del 10.9.0.0/24 dev wbr0 && ip -6 route del fd00:9::/64 dev wbr0"), 0);
  const auto gone = take().routes;
  EXPECT_THAT(gone, ElementsAre(prefix("10.9.0.0/24"), prefix("fd00:9::/64")));
}

TEST_F(WatchTest, TellsOfForwardingThatIsSwitchedOff) {
  const std::string v4 = "/proc/sys/net/ipv4/ip_forward", v6 = "/proc/sys/net/ipv6/conf/all/forwarding";
  ASSERT_EQ(sh("echo 0 > " + v4 + "; echo 0 > " + v6 + "; echo 1 > " + v4 + "; echo 1 > " + v6), 0);
  take();
  ASSERT_EQ(sh("echo 1 > " + v4 + "; echo 1 > " + v6), 0);
  EXPECT_FALSE(readable()) << "nothing changed";
  ASSERT_EQ(sh("echo 0 > " + v4), 0);
  EXPECT_THAT(take().forwarding, ElementsAre(base::Family::v4));
  ASSERT_EQ(sh("echo 0 > " + v6), 0);
  EXPECT_THAT(take().forwarding, ElementsAre(base::Family::v6));
}

TEST_F(WatchTest, TellsOfWhatOthersDeleteFromTables) {
  ASSERT_EQ(sh("nft 'add table inet t; add set inet t s { type ifname; }; add element inet t s { \"a\" }'"), 0);
  EXPECT_THAT(take().tables, IsEmpty());
  ASSERT_EQ(sh("nft 'delete element inet t s { \"a\" }'"), 0);
  EXPECT_THAT(take().tables, ElementsAre("t"));
  ASSERT_EQ(sh("nft flush ruleset"), 0);
  EXPECT_THAT(take().tables, ElementsAre("t"));
}

TEST_F(WatchTest, LeavesOutWhatThisProcessDeletesFromTables) {
  auto firewall = linuxnet::make_firewall(nullptr, linuxnet::TableOwnership::none);
  ASSERT_TRUE(firewall);
  const auto one = element("bridges", {name("docker0")});
  ASSERT_TRUE((*firewall)->commit({add(example_skeleton()), add(one)}));
  ASSERT_TRUE((*firewall)->commit({del(one)}));
  EXPECT_TRUE(readable());
  EXPECT_THAT(take().tables, IsEmpty());
  ASSERT_EQ(sh("nft delete table inet fairlead"), 0);
  EXPECT_THAT(take().tables, ElementsAre("fairlead"));
}

TEST_F(WatchTest, SaysWhenThereWasMoreThanItCouldHold) {
  ASSERT_EQ(sh("for i in $(seq 3000); do echo \"addr add 10.8.$((i/250)).$((i%250+1))/32 dev wbr0\"; "
               "echo \"addr del 10.8.$((i/250)).$((i%250+1))/32 dev wbr0\"; done | ip -batch -"),
            0);
  EXPECT_TRUE(take().overflow);
  EXPECT_FALSE(take().overflow);
}

}  // namespace
}  // namespace fairlead
