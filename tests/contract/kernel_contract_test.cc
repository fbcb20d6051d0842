/// What every Kernel does, the fake in memory as well as the one on rtnetlink.
#include <gmock/gmock.h>

#include "adapters/linux/kernel.h"
#include "support/fake_kernel.h"
#include "support/objects.h"
#include "support/private_host.h"

namespace fairlead {
namespace {

using namespace support;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class KernelContract : public ::testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    if (const std::string which = GetParam(); which.starts_with("fake")) {
      auto fake = std::make_unique<FakeKernel>();
      if (which == "fake_without") fake->without = {"ipvlan", "vlan"};
      kernel_ = std::move(fake);
      return;
    }
    if (!enter_private_host()) GTEST_SKIP() << "needs root: unshare(2) of network and mount namespaces is refused";
    auto made = linuxnet::make_kernel();
    ASSERT_TRUE(made) << made.error().text;
    kernel_ = std::move(*made);
  }
  void TearDown() override {
    if (!kernel_) return;
    EXPECT_TRUE(kernel_->apply(inverse_of(plan_)));
    kernel_->settle();
    EXPECT_THAT(seen(objects_of(plan_)), IsEmpty());
  }
  std::vector<ports::Object> seen(const std::vector<ports::Object>& wanted) {
    auto found = kernel_->observe(wanted);
    EXPECT_TRUE(found) << found.error().text;
    return found ? *found : std::vector<ports::Object>{};
  }
  void apply(const ports::Plan& plan) {
    const auto result = kernel_->apply(plan);
    ASSERT_TRUE(result) << result.error().text;
  }

  ports::Plan plan_ = [] {
    ports::Plan plan{add(bridge("cbr0")), add(ports::Address{{"", "cbr0"}, prefix("172.29.0.1/16")})};
    for (auto& step : container("contract-a", "cva", "cbr0", "172.29.0.2/16", "172.29.0.1")) plan.push_back(step);
    return plan;
  }();
  std::unique_ptr<ports::Kernel> kernel_;
};

TEST_P(KernelContract, WhatWasMadeIsSeenAsItWasAskedFor) {
  EXPECT_THAT(seen(objects_of(plan_)), IsEmpty());
  apply(plan_);
  EXPECT_EQ(seen(objects_of(plan_)), objects_of(plan_));
}

TEST_P(KernelContract, EveryStepMayBeRepeated) {
  apply(plan_);
  apply(plan_);
  EXPECT_EQ(seen(objects_of(plan_)), objects_of(plan_));
  apply(inverse_of(plan_));
  apply(inverse_of(plan_));
  EXPECT_THAT(seen(objects_of(plan_)), IsEmpty());
}

TEST_P(KernelContract, DoneUndoneAndDoneAgain) {
  for (int round = 0; round < 3; ++round) {
    apply(plan_);
    EXPECT_EQ(seen(objects_of(plan_)), objects_of(plan_));
    apply(inverse_of(plan_));
    EXPECT_THAT(seen(objects_of(plan_)), IsEmpty());
  }
}

TEST_P(KernelContract, AFailureLeavesNothing) {
  auto wrong = plan_;
  wrong.push_back(add(ports::Address{{"contract-a", "eth7"}, prefix("10.0.0.1/8")}));
  const auto result = kernel_->apply(wrong);
  ASSERT_FALSE(result);
  EXPECT_THAT(result.error().text, HasSubstr("address 10.0.0.1/8 on contract-a/eth7"));
  EXPECT_THAT(seen(objects_of(plan_)), IsEmpty());
}

TEST_P(KernelContract, AFailureLeavesWhatWasThere) {
  apply(plan_);
  auto wrong = plan_;
  wrong.push_back(add(ports::Address{{"contract-a", "eth7"}, prefix("10.0.0.1/8")}));
  EXPECT_FALSE(kernel_->apply(wrong));
  EXPECT_EQ(seen(objects_of(plan_)), objects_of(plan_));
}

TEST_P(KernelContract, AFailedRemovalIsTakenBack) {
  apply(plan_);
  auto wrong = inverse_of(plan_);
  // A pair and its address go, then something fails: both must be back.
  wrong.erase(std::ranges::find_if(
                  wrong, [](const auto& step) { return std::holds_alternative<ports::Netns>(step.subject()); }),
              wrong.end());
  wrong.push_back(add(ports::Address{{"contract-a", "eth7"}, prefix("10.0.0.1/8")}));
  EXPECT_FALSE(kernel_->apply(wrong));
  EXPECT_EQ(seen(objects_of(plan_)), objects_of(plan_));
}

TEST_P(KernelContract, SaysWhichLinksItCannotMake) {
  apply({add(bridge("cbr0"))});
  const std::map<std::string, ports::LinkKind> kinds{{"macvlan", ports::MacvlanLink{"cbr0"}},
                                                     {"ipvlan", ports::IpvlanLink{"cbr0"}},
                                                     {"vlan", ports::VlanLink{"cbr0", 7}}};
  const auto lacking = kernel_->lacking({"ipvlan", "macvlan", "vlan"});
  ASSERT_TRUE(lacking) << lacking.error().text;
  for (const auto& [name, kind] : kinds) {
    const ports::Plan plan{add(ports::Link{.key = {"", "c" + name}, .kind = kind, .alias = "fairlead:test:child"})};
    const auto made = kernel_->apply(plan);
    EXPECT_EQ(made.has_value(), !lacking->contains(name)) << name;
    if (!made) EXPECT_THAT(made.error().text, HasSubstr("this kernel has no " + name));
    EXPECT_TRUE(kernel_->apply(inverse_of(plan)));
    kernel_->settle();
  }
  EXPECT_THAT(*kernel_->lacking({}), IsEmpty());
}

TEST_P(KernelContract, ALinkChangesItsMtuAndMaster) {
  apply(plan_);
  const auto before = veth("cva", "cbr0", "contract-a", "02:42:ac:1d:00:02");
  auto after = before;
  after.mtu = 1400;
  after.master.clear();
  after.alias = "fairlead:test:renamed";
  apply({change(before, after)});
  EXPECT_THAT(seen({after}), ::testing::ElementsAre(ports::Object(after)));
}

TEST_P(KernelContract, ARouteChangesItsGateway) {
  apply(plan_);
  const ports::Route before{"contract-a", prefix("0.0.0.0/0"), ip("172.29.0.1"), "eth0", 0};
  auto after = before;
  after.via = ip("172.29.0.9");
  apply({change(before, after)});
  EXPECT_THAT(seen({after}), ::testing::ElementsAre(ports::Object(after)));
  apply({add(before)});  // a creation of what exists makes it so
  EXPECT_THAT(seen({before}), ::testing::ElementsAre(ports::Object(before)));
}

TEST_P(KernelContract, ANamespaceTakesItsLinksAlong) {
  apply(plan_);
  apply({del(veth("cva", "cbr0", "contract-a", "02:42:ac:1d:00:02")), del(ports::Netns{"contract-a"})});
  EXPECT_THAT(seen({*plan_[2].after, *plan_[3].after, *plan_[4].after, *plan_[5].after, *plan_[6].after}), IsEmpty());
  EXPECT_EQ(seen({*plan_[0].after, *plan_[1].after}).size(), 2u);
}

TEST_P(KernelContract, MarkedThingsAreFound) {
  apply(plan_);
  const auto found = kernel_->find_marked("fairlead:test:", "contract-");
  ASSERT_TRUE(found);
  std::vector<std::string> keys;
  for (const auto& object : *found) keys.push_back(ports::key_of(object));
  EXPECT_THAT(keys, ::testing::UnorderedElementsAre("link /cbr0", "link /cva", "netns contract-a"));
  EXPECT_THAT(kernel_->find_marked("fairlead:other:", "other-").value(), IsEmpty());
  auto strays = *found;
  ports::Plan removal;
  for (const auto& stray : strays) removal.push_back(del(stray));
  apply(removal);
  EXPECT_THAT(kernel_->find_marked("fairlead:test:", "contract-").value(), IsEmpty());
}

TEST_P(KernelContract, MarkedChildrenAndRoutesAreFound) {
  ports::Link child{{"contract-b", "eth0"}, ports::MacvlanLink{"cbr0", ports::MacvlanMode::bridge}};
  child.alias = "fairlead:test:child";
  const ports::Route route{.destination = prefix("192.0.2.7/32"), .device = "cbr0"};
  apply({add(bridge("cbr0")), add(ports::Netns{"contract-b"}), add(child), add(route)});
  const auto keys = [&](const std::vector<ports::NetnsName>& inside) {
    std::vector<std::string> found;
    for (const auto& object : kernel_->find_marked("fairlead:test:", "other-", inside).value())
      found.push_back(ports::key_of(object));
    return found;
  };
  EXPECT_THAT(keys({}), ::testing::UnorderedElementsAre("link /cbr0", ports::key_of(route)));
  EXPECT_THAT(keys({"contract-b", "contract-gone"}),
              ::testing::UnorderedElementsAre("link /cbr0", ports::key_of(route), "link contract-b/eth0"));
  apply({del(route), del(child), del(ports::Netns{"contract-b"}), del(bridge("cbr0"))});
  EXPECT_THAT(keys({"contract-b"}), IsEmpty());
}

TEST_P(KernelContract, AChildStandsOnAHostLinkInEveryMode) {
  using Mode = ports::MacvlanMode;
  // The host has an interface of the same name as the container's: it must not be in the way.
  plan_ = {add(bridge("eth0")), add(ports::Netns{"contract-b"}), add(loopback("contract-b"))};
  for (const auto mode : {Mode::bridge, Mode::private_, Mode::vepa, Mode::passthru}) {
    auto plan = plan_;
    ports::Link child{{"contract-b", "eth0"}, ports::MacvlanLink{"eth0", mode}};
    // A passthru child's hardware address is its parent's: setting one sets both.
    child.mac = mac(mode == Mode::passthru ? "02:42:00:00:00:01" : "02:42:ac:1d:00:05");
    child.alias = "fairlead:test:child";
    plan.push_back(add(child));
    plan.push_back(add(ports::Address{{"contract-b", "eth0"}, prefix("172.29.0.5/16")}));
    plan.push_back(
        add(ports::Route{"contract-b", prefix("0.0.0.0/0"), ip("172.29.0.1"), "eth0", 0}));  // only where it is up
    apply(plan);
    apply(plan);
    EXPECT_EQ(seen(objects_of(plan)), objects_of(plan));
    apply(inverse_of(plan));
    EXPECT_THAT(seen(objects_of(plan)), IsEmpty());
  }
}

TEST_P(KernelContract, AChildChangesItsMode) {
  plan_ = {add(bridge("cbr1"))};
  ports::Link before{{"", "cmv0"}, ports::MacvlanLink{"cbr1", ports::MacvlanMode::bridge}};
  before.mac = mac("02:42:ac:1d:00:06");
  before.alias = "fairlead:test:shim";
  auto after = before;
  after.kind = ports::MacvlanLink{"cbr1", ports::MacvlanMode::private_};
  plan_.push_back(add(before));
  apply(plan_);
  apply({change(before, after)});
  EXPECT_THAT(seen({before}), ::testing::ElementsAre(ports::Object(after)));
}

TEST_P(KernelContract, AChildWithoutItsParentIsRefused) {
  ports::Link child{{"", "cmv1"}, ports::MacvlanLink{"nosuch", ports::MacvlanMode::bridge}};
  child.alias = "fairlead:test:child";
  const auto result = kernel_->apply({add(child)});
  ASSERT_FALSE(result);
  EXPECT_THAT(result.error().text, HasSubstr("its parent interface nosuch is not there"));
}

TEST_P(KernelContract, AnUnmarkedLinkIsNotMade) {
  auto unmarked = bridge("cbr9");
  unmarked.alias = "mine";
  const auto result = kernel_->apply({add(unmarked)});
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().kind, base::ErrorKind::invalid);
}

TEST_P(KernelContract, FirewallObjectsAreNotItsOwn) {
  EXPECT_FALSE(kernel_->apply({add(ports::FirewallSkeleton{"fairlead", ""})}));
  EXPECT_THAT(seen({ports::FirewallSkeleton{"fairlead", ""}}), IsEmpty());
}

INSTANTIATE_TEST_SUITE_P(Kernels, KernelContract, ::testing::Values("fake", "fake_without", "linux"),
                         [](const auto& info) { return std::string(info.param); });

}  // namespace
}  // namespace fairlead
