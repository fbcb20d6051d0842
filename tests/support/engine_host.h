#pragma once
/// The engine at work on a private host: commands decided, drawn, and carried out by the real adapters.
#include <vector>

#include "adapters/linux/firewall.h"
#include "adapters/linux/kernel.h"
#include "engine/diff.h"
#include "support/engine_world.h"
#include "support/private_host.h"

namespace fairlead::support {

/// As `testing::World`, with a real host behind it.
class EngineHost : public PrivateHostTest {
 protected:
  void SetUp() override {
    PrivateHostTest::SetUp();
    if (IsSkipped()) return;
    clear();
    auto kernel = linuxnet::make_kernel();
    ASSERT_TRUE(kernel) << kernel.error().text;
    kernel_ = std::move(*kernel);
    auto firewall = linuxnet::make_firewall();
    ASSERT_TRUE(firewall) << firewall.error().text;
    firewall_ = std::move(*firewall);
    learn();
    // The first rendering has nothing to be compared with.
    const auto first = engine::diff({}, engine::render(world_.state, engine::HostScope{}));
    carry_out(first);
    must(engine::BootHost{});
  }
  void TearDown() override {
    kernel_.reset();
    firewall_.reset();
    if (!IsSkipped()) clear();
  }

  /// Routes and addresses of the host, as a daemon would ask for them.
  void learn() {
    auto facts = kernel_->host_facts();
    ASSERT_TRUE(facts) << facts.error().text;
    world_.facts.host = std::move(*facts);
  }
  /// Decides, applies to the State and to the host. False when refused.
  bool act(const engine::Command& command) {
    const auto before = world_.state;
    const auto decision = world_.act(command);
    if (!decision) {
      refusal_ = decision.error().text;
      return false;
    }
    made_ = decision->made;
    std::vector<ports::Object> old, now;
    for (const auto& scope : engine::touched(before, decision->changes)) {
      std::ranges::move(engine::render(before, scope), std::back_inserter(old));
      std::ranges::move(engine::render(world_.state, scope), std::back_inserter(now));
    }
    carry_out(engine::diff(old, now));
    return true;
  }
  void must(const engine::Command& command) { EXPECT_TRUE(act(command)) << refusal_; }
  base::NetworkId make(engine::CreateNetwork command) {
    learn();
    must(command);
    return std::get<base::NetworkId>(made_);
  }
  base::ContainerId run(const std::string& name, const std::string& network, ports::EndpointRequest request = {}) {
    ports::ContainerSpec spec;
    spec.image = "busybox";
    spec.network_mode = network;
    request.network = network;
    spec.endpoints = {request};
    must(engine::CreateContainer{name, spec, testing::busybox()});
    const auto id = std::get<base::ContainerId>(made_);
    start(id);
    return id;
  }
  void start(const base::ContainerId& id) {
    must(engine::StartContainer{id});
    must(engine::ContainerStarted{id, 100, 99});
  }
  const engine::Endpoint& endpoint(const base::ContainerId& id, std::size_t index = 0) const {
    return *world_.state.container(id)->attachments.at(index).endpoint;
  }
  std::string netns(const base::ContainerId& id) const {
    return world_.state.sandbox(*world_.state.container(id)->sandbox)->netns;
  }
  std::string in(const base::ContainerId& id, const std::string& command) const { return inside(netns(id), command); }
  bool pings(const base::ContainerId& id, const base::Ip& target) const {
    const char* family = target.is_v4() ? "-4" : "-6";
    return sh(in(id, std::string("busybox ping ") + family + " -c 1 -W 1 " + target.text() + " >/dev/null 2>&1")) == 0;
  }
  /// Objects that should be there and are not, or are otherwise.
  std::vector<std::string> differences() {
    std::vector<std::string> found;
    const auto wanted = world_.objects();
    auto there = kernel_->observe(wanted);
    auto rules = firewall_->observe(wanted);
    EXPECT_TRUE(there && rules);
    if (!there || !rules) return found;
    std::ranges::move(*rules, std::back_inserter(*there));
    const auto steps = engine::diff(*there, wanted);
    for (const auto* plan : {&steps.make, &steps.firewall, &steps.forwarding, &steps.unmake})
      for (const auto& step : *plan) found.push_back(ports::describe(step));
    return found;
  }
  static void clear() {
    sh("nft flush ruleset; for n in $(ls /run/netns); do umount -l /run/netns/$n; rm -f /run/netns/$n; done "
       "2>/dev/null;"
       "for l in $(ip -o link show type bridge | cut -d: -f2); do ip link del $l; done 2>/dev/null;"
       "for l in $(ip -o link show type veth | cut -d: -f2 | cut -d@ -f1); do ip link del $l; done 2>/dev/null;"
       "echo 0 > /proc/sys/net/ipv4/ip_forward; echo 0 > /proc/sys/net/ipv6/conf/all/forwarding;"
       "echo 0 > /proc/sys/net/ipv6/conf/default/forwarding");
  }

  void carry_out(const engine::Steps& steps) {
    auto made = kernel_->apply(steps.make);
    EXPECT_TRUE(made) << made.error().text;
    auto published = firewall_->commit(steps.firewall);
    EXPECT_TRUE(published) << published.error().text;
    auto opened = kernel_->apply(steps.forwarding);
    EXPECT_TRUE(opened) << opened.error().text;
    auto gone = kernel_->apply(steps.unmake);
    EXPECT_TRUE(gone) << gone.error().text;
  }

  testing::World world_;
  std::unique_ptr<ports::Kernel> kernel_;
  std::unique_ptr<ports::Firewall> firewall_;
  std::string refusal_;
  decltype(engine::Decision::made) made_;
};

}  // namespace fairlead::support
