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
      fake->host = {ip("192.0.2.1"), ip("2001:db8::1")};
      flows_ = std::move(fake);
    } else {
      if (!enter_private_host()) GTEST_SKIP() << "needs root: unshare(2) of network and mount namespaces is refused";
      ASSERT_EQ(sh("ip addr replace 192.0.2.1/32 dev lo && ip addr replace 2001:db8::1/128 dev lo nodad"), 0);
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
  EXPECT_EQ(forget({{.protocol = udp, .sent_to_port = 8080}}), 0u);
  EXPECT_EQ(forget({{.protocol = tcp, .sent_to_port = 80}}), 0u) << "the container's port is not the host's";
  EXPECT_EQ(forget({{.protocol = tcp, .sent_to_port = 8080}}), 3u) << "of both families";
  EXPECT_THAT(all(), UnorderedElementsAre(dns_, straight_));
}

TEST_P(FlowsContract, BySentToLeavesOthersOfTheSameNumberAlone) {
  const Flow passing{tcp, ip("198.51.100.7"), ip("203.0.113.9"), ip("203.0.113.9"), ip("198.51.100.7"), 41000, 8080,
                     8080};
  const Flow download{tcp, ip("172.17.0.2"), ip("203.0.113.9"), ip("203.0.113.9"), ip("192.0.2.1"), 41000, 8080, 8080};
  const Flow closed{udp, ip("198.51.100.7"), ip("192.0.2.1"), ip("192.0.2.1"), ip("198.51.100.7"), 41000, 8080, 8080};
  const Flow local{udp, ip("127.0.0.1"), ip("127.0.0.9"), ip("127.0.0.9"), ip("127.0.0.1"), 41000, 8080, 8080};
  given({passing, download, closed, local});
  const auto at = [](const char* address, ports::L4Protocol protocol, std::uint16_t port) {
    return ports::FlowMatch{.protocol = protocol, .sent_to = ip(address), .sent_to_port = port};
  };
  EXPECT_EQ(forget({at("192.0.2.2", tcp, 8080), at("172.17.0.2", tcp, 80), at("192.0.2.1", tcp, 80)}), 0u);
  EXPECT_EQ(forget({at("0.0.0.0", tcp, 8080)}), 2u) << "of one family, to this host's addresses";
  EXPECT_THAT(all(), UnorderedElementsAre(dns_, straight_, six_, passing, download, closed, local));
  EXPECT_EQ(forget({at("::", tcp, 8080)}), 1u);
  EXPECT_EQ(forget({at("127.0.0.9", udp, 8080)}), 1u);
  EXPECT_EQ(forget({at("0.0.0.0", udp, 8080)}), 1u) << "what was never translated as well";
  EXPECT_EQ(forget({{.sent_to = ip("0.0.0.0")}}), 1u) << "of any port";
  EXPECT_EQ(forget({{.sent_to = ip("203.0.113.9"), .sent_to_port = 53}}), 1u);
  EXPECT_THAT(all(), UnorderedElementsAre(passing, download));
}

TEST_P(FlowsContract, ByWhereATranslationLeads) {
  const Flow moved{tcp, ip("198.51.100.7"), ip("192.0.2.9"), ip("172.17.0.2"), ip("198.51.100.7"), 41000, 8080, 80};
  const Flow direct{tcp, ip("198.51.100.7"), ip("172.17.0.2"), ip("172.17.0.2"), ip("198.51.100.7"), 41000, 8080, 8080};
  given({moved, direct});
  EXPECT_EQ(forget({{.sent_to_port = 80, .led_to = ip("172.17.0.2")}}), 0u);
  EXPECT_EQ(forget({{.protocol = tcp, .sent_to_port = 8080, .led_to = ip("172.17.0.2")}}), 3u)
      << "whatever address it was sent to, also one that this host has no more";
  EXPECT_THAT(all(), UnorderedElementsAre(dns_, straight_, six_, direct));
  EXPECT_EQ(forget({{.led_to = ip("172.17.0.2")}, {.led_to = ip("172.17.0.3")}}), 1u);
}

TEST_P(FlowsContract, AllThatIsSetMustFit) {
  const auto match = [](const char* address, ports::L4Protocol protocol, std::uint16_t port) {
    return ports::FlowMatch{.address = ip(address), .protocol = protocol, .sent_to_port = port};
  };
  EXPECT_EQ(forget({match("172.17.0.2", tcp, 5353), match("172.17.0.3", tcp, 5353), match("172.17.0.3", udp, 8080)}),
            0u);
  EXPECT_EQ(forget({match("172.17.0.3", udp, 5353)}), 1u);
  EXPECT_EQ(forget({{.address = ip("198.51.100.7"), .sent_to_port = 8080}}), 1u);
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
