#include "daemon/applier.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <optional>
#include <string>
#include <vector>

#include "support/engine_world.h"
#include "support/fake_firewall.h"
#include "support/fake_kernel.h"

namespace fairlead::daemon {
namespace {

using fairlead::testing::World;
using support::FakeFirewall;
using support::FakeKernel;

constexpr char kAllForwarding[] = "+ sysctl net/ipv6/conf/all/forwarding = 1";

/// The daemon's way of carrying out, on a host in memory that was an IPv4 router before.
class ApplierTest : public ::testing::Test {
 protected:
  ApplierTest() {
    world_.facts.host.ip_forward_was_on = true;
    world_.boot();
    EXPECT_TRUE(apply(engine::scopes(world_.state)));
    kernel_.fail_if([this](const ports::Step& step) { return on_step(step); });
    firewall_.fail_if([this](const ports::Step& step) { return on_step(step); });
  }

  base::Result<void> apply(std::vector<engine::Scope> scopes) {
    base::Result<void> result;
    boost::asio::io_context io;
    boost::asio::co_spawn(io, applier_.apply(world_.state, std::move(scopes), "test"),
                          [&](std::exception_ptr, base::Result<void> done) { result = std::move(done); });
    io.run();
    return result;
  }
  base::Result<void> make_ipv6_network() {
    engine::CreateNetwork command;
    command.name = "six";
    command.ipv6 = true;
    const auto before = world_.state;
    return apply(engine::touched(before, world_.must(command).changes));
  }
  base::Result<void> on_step(const ports::Step& step) {
    const auto words = ports::describe(step);
    steps_.push_back(words);
    if (words == refused_) return base::fail(base::ErrorKind::internal, "refused");
    return {};
  }
  std::size_t place(const std::string& words) const {
    return static_cast<std::size_t>(std::ranges::find(steps_, words) - steps_.begin());
  }
  /// What there is but settings, which go with their interfaces.
  std::vector<ports::Object> links() const {
    auto all = kernel_.objects();
    std::erase_if(all, [](const ports::Object& object) { return std::holds_alternative<ports::Sysctl>(object); });
    return all;
  }
  /// The table of ours that stands.
  ports::Object table() { return firewall_.observe({render_table()}).value().at(0); }
  ports::Object render_table() const {
    for (auto& object : engine::render(world_.state, engine::HostScope{})) {
      const auto* skeleton = std::get_if<ports::FirewallSkeleton>(&object);
      if (skeleton != nullptr && skeleton->table == engine::kTable) return object;
    }
    return {};
  }

  World world_;
  FakeKernel kernel_;
  FakeFirewall firewall_;
  Applier applier_{kernel_, firewall_};
  std::vector<std::string> steps_;  ///< of both, as they were tried
  std::string refused_;
};

TEST_F(ApplierTest, NothingIsForwardedBeforeTheRuleThatForbidsIt) {
  ASSERT_TRUE(make_ipv6_network());
  ASSERT_LT(place(kAllForwarding), steps_.size());
  EXPECT_LT(place("~ firewall table fairlead"), place(kAllForwarding));
  EXPECT_EQ(table(), render_table());
}

TEST_F(ApplierTest, NothingIsForwardedWhenTheRuleIsRefused) {
  refused_ = "~ firewall table fairlead";
  const auto before = links();
  ASSERT_FALSE(make_ipv6_network());
  EXPECT_EQ(place(kAllForwarding), steps_.size());
  EXPECT_EQ(links(), before);
}

TEST_F(ApplierTest, WhatWasMadeIsTakenBackWhenForwardingIsRefused) {
  refused_ = kAllForwarding;
  const auto before = links();
  const auto elements = firewall_.elements(engine::kTable).value();
  ASSERT_FALSE(make_ipv6_network());
  EXPECT_EQ(links(), before);
  EXPECT_EQ(firewall_.elements(engine::kTable).value(), elements);
  EXPECT_NE(table(), render_table()) << "the old rules stand";
}

}  // namespace
}  // namespace fairlead::daemon
