/// What every Flows does, the fake in memory as well as the one on nfnetlink.
#include <gmock/gmock.h>

#include "adapters/linux/flows.h"
#include "support/fake_flows.h"
#include "support/private_host.h"
#include "support/tracked_flows.h"

namespace fairlead {
namespace {

using namespace support;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

constexpr ports::L4Protocol tcp{IPPROTO_TCP}, udp{IPPROTO_UDP};

base::Ip ip(const char* text) {
  return *base::Ip::parse(text);
}

class FlowsContract : public ::testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    if (std::string(GetParam()) == "fake") {
      auto fake = std::make_unique<FakeFlows>();
      fake_ = fake.get();
      flows_ = std::move(fake);
    } else {
      if (!enter_private_host()) GTEST_SKIP() << "needs root: unshare(2) of network and mount namespaces is refused";
      auto made = linuxnet::make_flows();
      ASSERT_TRUE(made) << made.error().text;
      flows_ = std::move(*made);
      ASSERT_TRUE(flows_->forget({{.protocol = tcp}, {.protocol = udp}}));
      table_ = std::make_unique<TrackedTable>();
    }
    given({web_, web_again_, dns_, straight_, six_});
  }
  void given(const std::vector<Flow>& flows) {
    if (fake_ != nullptr) {
      fake_->flows.insert(fake_->flows.end(), flows.begin(), flows.end());
    } else {
      ASSERT_EQ(table_->insert(flows), flows.size());
    }
  }
  std::vector<Flow> all() { return fake_ != nullptr ? fake_->flows : table_->all(); }
  std::size_t forget(const std::vector<ports::FlowMatch>& matches) {
    const auto count = flows_->forget(matches);
    EXPECT_TRUE(count) << count.error().text;
    return count.value_or(0);
  }

  // Published: 192.0.2.1:8080 leads to 172.17.0.2:80, :5353 to 172.17.0.3:53.
  const Flow web_{tcp, ip("198.51.100.7"), ip("192.0.2.1"), ip("172.17.0.2"), ip("198.51.100.7"), 40000, 8080, 80},
      web_again_{tcp, ip("198.51.100.8"), ip("192.0.2.1"), ip("172.17.0.2"), ip("198.51.100.8"), 40000, 8080, 80},
      dns_{udp, ip("198.51.100.7"), ip("192.0.2.1"), ip("172.17.0.3"), ip("198.51.100.7"), 40000, 5353, 53},
      // From the container, masqueraded.
      straight_{udp, ip("172.17.0.2"), ip("203.0.113.9"), ip("203.0.113.9"), ip("192.0.2.1"), 8080, 53, 53},
      six_{tcp, ip("2001:db8::7"), ip("2001:db8::1"), ip("fd00::2"), ip("2001:db8::7"), 40000, 8080, 80};

  std::unique_ptr<ports::Flows> flows_;
  FakeFlows* fake_ = nullptr;
  std::unique_ptr<TrackedTable> table_;
};

TEST_P(FlowsContract, AnEmptyMatchFitsNothing) {
  EXPECT_EQ(forget({}), 0u);
  EXPECT_EQ(forget({{}}), 0u);
  EXPECT_THAT(all(), UnorderedElementsAre(web_, web_again_, dns_, straight_, six_));
}

TEST_P(FlowsContract, ByAnAddressAtAnyEnd) {
  EXPECT_EQ(forget({{.address = ip("172.17.0.2")}}), 3u) << "answered from, or sent by it";
  EXPECT_THAT(all(), UnorderedElementsAre(dns_, six_));
  EXPECT_EQ(forget({{.address = ip("172.17.0.2")}}), 0u);
  EXPECT_EQ(forget({{.address = ip("192.0.2.1")}}), 1u) << "sent to it";
  EXPECT_EQ(forget({{.address = ip("fd00::2")}}), 1u);
  EXPECT_THAT(all(), IsEmpty());
}

TEST_P(FlowsContract, ByTheAddressThatAnswersGoTo) {
  EXPECT_EQ(forget({{.address = ip("192.0.2.1"), .protocol = udp}}), 2u) << "masqueraded as it, or sent to it";
  EXPECT_THAT(all(), UnorderedElementsAre(web_, web_again_, six_));
}

TEST_P(FlowsContract, ByHostPortAsTheClientSentIt) {
  EXPECT_EQ(forget({{.protocol = udp, .host_port = 8080}}), 0u);
  EXPECT_EQ(forget({{.protocol = tcp, .host_port = 80}}), 0u) << "the container's port is not the host's";
  EXPECT_EQ(forget({{.protocol = tcp, .host_port = 8080}}), 3u) << "of both families";
  EXPECT_THAT(all(), UnorderedElementsAre(dns_, straight_));
}

TEST_P(FlowsContract, AllThatIsSetMustFit) {
  EXPECT_EQ(forget({{ip("172.17.0.2"), tcp, 5353}, {ip("172.17.0.3"), tcp, 5353}, {ip("172.17.0.3"), udp, 8080}}), 0u);
  EXPECT_EQ(forget({{ip("172.17.0.3"), udp, 5353}}), 1u);
  EXPECT_EQ(forget({{.address = ip("198.51.100.7"), .host_port = 8080}}), 1u);
  EXPECT_THAT(all(), UnorderedElementsAre(web_again_, straight_, six_));
}

TEST_P(FlowsContract, SeveralMatchesAndEachFlowCountsOnce) {
  EXPECT_EQ(forget({{.address = ip("172.17.0.3")}, {.protocol = udp}, {.address = ip("2001:db8::7")}, {}}), 3u);
  EXPECT_THAT(all(), UnorderedElementsAre(web_, web_again_));
}

TEST_P(FlowsContract, ManyAtOnce) {
  std::vector<Flow> many;
  for (std::uint16_t port = 1000; port < 1250; ++port) {
    many.push_back(dns_);
    many.back().client_port = port;
  }
  given(many);
  EXPECT_EQ(forget({{.address = ip("172.17.0.3")}}), 251u);
  EXPECT_THAT(all(), UnorderedElementsAre(web_, web_again_, straight_, six_));
}

INSTANTIATE_TEST_SUITE_P(Both, FlowsContract, ::testing::Values("fake", "kernel"),
                         [](const auto& info) { return std::string(info.param); });

}  // namespace
}  // namespace fairlead
