/// What every Firewall does, the fake in memory as well as the one on nfnetlink.
#include <gmock/gmock.h>

#include "adapters/linux/firewall.h"
#include "support/fake_firewall.h"
#include "support/objects.h"
#include "support/private_host.h"
#include "support/skeletons.h"

namespace fairlead {
namespace {

using namespace support;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAreArray;

class FirewallContract : public ::testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    if (std::string(GetParam()) == "fake") {
      firewall_ = std::make_unique<FakeFirewall>();
      return;
    }
    if (!enter_private_host()) GTEST_SKIP() << "needs root: unshare(2) of network and mount namespaces is refused";
    sh("nft flush ruleset");
    auto made = linuxnet::make_firewall();
    ASSERT_TRUE(made) << made.error().text;
    firewall_ = std::move(*made);
  }
  void commit(const ports::Plan& plan) {
    const auto result = firewall_->commit(plan);
    ASSERT_TRUE(result) << result.error().text;
  }
  std::vector<ports::Object> all() { return firewall_->elements("fairlead").value(); }

  /// One of every shape.
  const std::vector<ports::Object> samples_{
      element("bridges", {name("docker0")}, {}, "network bridge"),
      element("icc", {name("docker0"), name("br-0123456789ab")}),
      element("masq", {prefix("172.17.0.0/16")}, {}, "network bridge"),
      element("masq", {prefix("172.18.0.0/16")}),
      element("masq", {ip("172.19.0.1")}),
      element("masq6", {prefix("fd00::/64")}),
      element("guarded", {prefix("10.1.0.0/16"), port(22)}, {}, "range in a concatenation"),
      element("guarded", {ip("10.2.0.1"), port(22)}),
      element("published", {proto(6), port(80)}, {ip("172.17.0.2"), port(8080)}, "network bridge, container web"),
      element("published6", {proto(17), port(53)}, {ip("fd00::2"), port(5353)}, "IPv6, UDP"),
      element("subnets4", {name("docker0"), prefix("172.17.0.0/16")}, {}, "range behind a name"),
      element("subnets4", {name("br-0123456789ab"), ip("172.18.0.1")}),
      element("subnets6", {name("docker0"), prefix("fd00::/64")}),
      element("verdicts", {ip("10.0.0.1")}, {ports::Verdict{ports::Verdict::Kind::jump, "web"}}),
      element("verdicts", {ip("10.0.0.2")}, {ports::Verdict{ports::Verdict::Kind::drop, ""}}, "no"),
  };
  ports::Plan adding() const {
    ports::Plan plan;
    for (const auto& sample : samples_) plan.push_back(add(sample));
    return plan;
  }
  std::unique_ptr<ports::Firewall> firewall_;
};

TEST_P(FirewallContract, WhatWasCommittedIsSeenAsItWasAskedFor) {
  EXPECT_THAT(all(), IsEmpty());
  EXPECT_THAT(firewall_->observe({example_skeleton()}).value(), IsEmpty());
  commit({add(example_skeleton())});
  commit(adding());
  EXPECT_THAT(all(), UnorderedElementsAreArray(samples_));
  EXPECT_EQ(firewall_->observe(samples_).value(), samples_);
  EXPECT_THAT(firewall_->observe({example_skeleton()}).value(), ElementsAre(ports::Object(example_skeleton())));
}

TEST_P(FirewallContract, SkeletonAndElementsInOneCommit) {
  auto plan = adding();
  plan.insert(plan.begin(), add(example_skeleton()));
  commit(plan);
  EXPECT_THAT(all(), UnorderedElementsAreArray(samples_));
  commit(plan);
  EXPECT_THAT(all(), UnorderedElementsAreArray(samples_));
}

TEST_P(FirewallContract, EveryStepMayBeRepeated) {
  commit({add(example_skeleton())});
  commit(adding());
  commit(adding());
  EXPECT_THAT(all(), UnorderedElementsAreArray(samples_));
  commit(inverse_of(adding()));
  commit(inverse_of(adding()));
  EXPECT_THAT(all(), IsEmpty());
  commit({del(example_skeleton())});
  commit({del(example_skeleton())});
  commit(inverse_of(adding()));
}

TEST_P(FirewallContract, ACreationOfWhatDiffersMakesItSo) {
  commit({add(example_skeleton())});
  const auto before = element("published", {proto(6), port(80)}, {ip("172.17.0.2"), port(8080)}, "old");
  const auto after = element("published", {proto(6), port(80)}, {ip("172.17.0.3"), port(8081)}, "new");
  commit({add(before)});
  commit({add(after)});
  EXPECT_THAT(all(), ElementsAre(ports::Object(after)));
  commit({change(after, before)});
  EXPECT_THAT(all(), ElementsAre(ports::Object(before)));
  EXPECT_THAT(firewall_->observe({after}).value(), ElementsAre(ports::Object(before)));
  const auto range = element("masq", {prefix("10.0.0.0/8")}, {}, "old");
  const auto renamed = element("masq", {prefix("10.0.0.0/8")}, {}, "new");
  commit({del(before), add(range)});
  commit({add(renamed)});
  EXPECT_THAT(all(), ElementsAre(ports::Object(renamed)));
  commit({change(element("masq", {prefix("192.168.0.0/16")}), renamed)});  // its before is gone
  EXPECT_THAT(all(), ElementsAre(ports::Object(renamed)));
}

TEST_P(FirewallContract, TheLaterOfTwoStepsStands) {
  commit({add(example_skeleton())});
  const auto first = element("bridges", {name("docker0")}, {}, "first");
  const auto second = element("bridges", {name("docker0")}, {}, "second");
  commit({add(first), add(second)});
  EXPECT_THAT(all(), ElementsAre(ports::Object(second)));
  commit({del(second), add(first)});
  EXPECT_THAT(all(), ElementsAre(ports::Object(first)));
  commit({add(first), del(first)});
  EXPECT_THAT(all(), IsEmpty());
}

TEST_P(FirewallContract, AFailureChangesNothing) {
  commit({add(example_skeleton()), add(samples_.front())});
  auto wrong = adding();
  wrong.push_back(add(element("nowhere", {ip("10.0.0.1")})));
  const auto result = firewall_->commit(wrong);
  ASSERT_FALSE(result);
  EXPECT_THAT(result.error().text, HasSubstr("element nowhere"));
  EXPECT_THAT(all(), ElementsAre(samples_.front()));
}

TEST_P(FirewallContract, AnotherSkeletonIsSeenAsAnother) {
  commit({add(example_skeleton())});
  auto newer = example_skeleton();
  newer.text += "\n set more { type ipv4_addr; }";
  EXPECT_THAT(firewall_->observe({newer}).value(), ElementsAre(ports::Object(ports::FirewallSkeleton{"fairlead", {}})));
  commit({change(example_skeleton(), newer)});
  EXPECT_THAT(firewall_->observe({newer}).value(), ElementsAre(ports::Object(newer)));
}

TEST_P(FirewallContract, KernelObjectsAreNotItsOwn) {
  EXPECT_FALSE(firewall_->commit({add(ports::Netns{"x"})}));
  EXPECT_THAT(firewall_->observe({ports::Netns{"x"}}).value(), IsEmpty());
}

INSTANTIATE_TEST_SUITE_P(Firewalls, FirewallContract, ::testing::Values("fake", "linux"),
                         [](const auto& info) { return std::string(info.param); });

}  // namespace
}  // namespace fairlead
