#include <gtest/gtest.h>

#include "support/engine_world.h"

namespace fairlead::testing {
namespace {

TEST(Boot, MakesTheThreeNetworks) {
  World world;
  world.boot();
  ASSERT_EQ(world.state.networks().size(), 3u);
  const auto& bridge = world.network("bridge");
  EXPECT_EQ(bridge.subnets.at(0).prefix, prefix("172.17.0.0/16"));
  EXPECT_EQ(bridge.subnets[0].gateway, ip("172.17.0.1"));
  EXPECT_EQ(bridge.bridge, "docker0");
  EXPECT_TRUE(bridge.predefined);
  EXPECT_EQ(bridge.options.at("com.docker.network.bridge.default_bridge"), "true");
  EXPECT_EQ(bridge.options.at("com.docker.network.driver.mtu"), "1500");
  EXPECT_EQ(bridge.options.size(), 6u);
  EXPECT_EQ(world.network("host").driver, Driver::host);
  EXPECT_EQ(world.network("none").driver, Driver::null);
}

TEST(Boot, PassesOverWhatTheHostUses) {
  World world;
  world.facts.host.routes.push_back(prefix("172.17.4.0/24"));
  world.facts.host.addresses.push_back(prefix("172.18.255.1/30"));
  world.facts.host.routes.push_back(prefix("0.0.0.0/1"));
  world.boot();
  EXPECT_EQ(world.network("bridge").subnets.at(0).prefix, prefix("172.19.0.0/16"));
}

TEST(Boot, ASecondTimeChangesNothing) {
  World world;
  world.boot();
  world.facts.host.routes.push_back(prefix("172.17.0.0/16"));
  world.facts.host.addresses.push_back(prefix("172.17.0.1/16"));
  world.facts.host.ip_forward_was_on = true;
  EXPECT_TRUE(world.must(BootHost{}).changes.empty());
  EXPECT_TRUE(world.state.host().forwarding_switched_on);
}

TEST(Boot, ANewBipMovesTheBridgeUnlessContainersAreUp) {
  World world;
  world.boot();
  const auto id = world.network("bridge").id;
  const auto container = world.run("c1");
  Settings settings;
  settings.bridge_ip = prefix("10.9.0.254/24");
  world.state.set_settings(settings);
  EXPECT_EQ(world.must(BootHost{}).warnings.size(), 1u);
  EXPECT_EQ(world.network("bridge").subnets.at(0).prefix, prefix("172.17.0.0/16"));
  world.must(ContainerExited{container, 0});
  world.must(BootHost{});
  EXPECT_EQ(world.network("bridge").subnets.at(0).prefix, prefix("10.9.0.0/24"));
  EXPECT_EQ(world.network("bridge").subnets[0].gateway, ip("10.9.0.254"));
  EXPECT_EQ(world.network("bridge").id, id);
  world.start(container);
  EXPECT_EQ(world.address(container), "10.9.0.1/24");
}

TEST(Boot, FixedCidrBoundsTheAddresses) {
  Settings settings;
  settings.fixed_cidr = prefix("172.18.5.0/24");
  World world(settings);
  world.boot();
  EXPECT_EQ(world.network("bridge").subnets.at(0).prefix, prefix("172.18.0.0/16"));
  EXPECT_EQ(world.address(world.run("c1")), "172.18.5.0/16");
  EXPECT_TRUE(world.must(BootHost{}).changes.empty());
}

TEST(Boot, RefusesSettingsThatDoNotFit) {
  Settings settings;
  settings.bridge_ip = prefix("10.9.0.1/24");
  settings.fixed_cidr = prefix("10.8.0.0/24");
  EXPECT_EQ(World(settings).refusal(BootHost{}), "--fixed-cidr 10.8.0.0/24 is outside the subnet 10.9.0.0/24");
  settings = {};
  settings.bridge_ip = prefix("10.9.0.0/24");
  EXPECT_EQ(World(settings).refusal(BootHost{}), "--bip 10.9.0.0/24 is not an address of its own subnet");
}

TEST(Boot, ForwardingIsOursOnlyWhereItWasOff) {
  World on;
  on.facts.host.ip_forward_was_on = true;
  on.boot();
  EXPECT_FALSE(on.state.host().forwarding_switched_on);
  Settings settings;
  settings.ip_forward = false;
  World left(settings);
  left.boot();
  EXPECT_FALSE(left.state.host().forwarding_switched_on);
}

/// The body of our table.
std::string table_of(const World& world) {
  for (const auto& object : render(world.state, HostScope{})) {
    const auto* skeleton = std::get_if<ports::FirewallSkeleton>(&object);
    if (skeleton != nullptr && skeleton->table == kTable) return skeleton->text;
  }
  return {};
}

constexpr char kPolicyDrop[] = "hook forward priority filter; policy drop;",
               kDropsIpv6[] = "meta nfproto ipv6 counter drop";

TEST(Boot, AHostThatBecameARouterForwardsForOthersFromItsNextBootOn) {
  World world;
  world.facts.host.boot_id = "first";
  world.boot();
  CreateNetwork six;
  six.name = "six";
  six.ipv6 = true;
  world.must(six);
  EXPECT_NE(table_of(world).find(kPolicyDrop), std::string::npos);
  world.facts.host.ip_forward_was_on = world.facts.host.ipv6_forwarding_was_on = true;
  EXPECT_TRUE(world.must(BootHost{}).changes.empty()) << "a restart of the daemon only";
  world.facts.host.boot_id = "";
  EXPECT_TRUE(world.must(BootHost{}).changes.empty()) << "not known";
  world.facts.host.boot_id = "second";
  world.must(BootHost{});
  EXPECT_EQ(table_of(world).find(kPolicyDrop), std::string::npos);
  EXPECT_EQ(table_of(world).find(kDropsIpv6), std::string::npos);
  EXPECT_TRUE(world.state.host().ipv6_forwarding_of_others);
  world.facts.host.boot_id = "third";
  world.facts.host.ip_forward_was_on = world.facts.host.ipv6_forwarding_was_on = false;
  world.must(BootHost{});
  EXPECT_NE(table_of(world).find(kPolicyDrop), std::string::npos);
  EXPECT_FALSE(world.state.host().ipv6_forwarding_of_others);
}

TEST(Boot, ARecordWithoutABootIsTakenForThisOnes) {
  World world;
  world.boot();
  world.facts.host.boot_id = "first";
  world.facts.host.ip_forward_was_on = true;
  world.must(BootHost{});
  EXPECT_TRUE(world.state.host().forwarding_switched_on);
  EXPECT_EQ(world.state.host().boot_id, "first");
}

TEST(Boot, NothingOfOthersIsDroppedWherePeopleWantItToPass) {
  for (const bool router : {false, true}) {
    Settings settings;
    settings.ip_forward_no_drop = true;
    World world(settings);
    world.facts.host.ip_forward_was_on = router;
    world.boot();
    CreateNetwork six;
    six.name = "six";
    six.ipv6 = true;
    world.must(six);
    EXPECT_EQ(world.state.host().forwarding_switched_on, !router);
    EXPECT_EQ(table_of(world).find(kPolicyDrop), std::string::npos);
    EXPECT_EQ(table_of(world).find(kDropsIpv6), std::string::npos);
    settings.ip_forward_no_drop = false;
    world.state.set_settings(settings);
    EXPECT_NE(table_of(world).find(router ? kDropsIpv6 : kPolicyDrop), std::string::npos);
  }
}

TEST(Boot, AForeignBridgeGivesItsSubnetAndIsNotDrawn) {
  Settings settings;
  settings.bridge = "br0";
  settings.foreign_bridge = true;
  World world(settings);
  EXPECT_NE(world.refusal(BootHost{}), "");
  world.facts.foreign_bridge_addresses = {prefix("10.1.0.3/24")};
  world.facts.host.addresses.push_back(prefix("10.1.0.3/24"));
  world.boot();
  EXPECT_EQ(world.network("bridge").subnets.at(0).gateway, ip("10.1.0.3"));
  std::vector<std::string> drawn;
  for (const auto& object : render(world.state, world.network("bridge").id)) {
    if (!std::holds_alternative<ports::FirewallElement>(object)) drawn.push_back(ports::describe(object));
  }
  EXPECT_EQ(drawn, std::vector<std::string>{"sysctl net/ipv4/conf/br0/route_localnet = 1"});
  settings.iptables = false;
  world.state.set_settings(settings);
  EXPECT_TRUE(render(world.state, world.network("bridge").id).empty());
}

TEST(Boot, OurOwnBridgeIsNoWayToThisHostsLoopbackWithoutTheFirewall) {
  const auto localnet = [](const Settings& settings) {
    World world(settings);
    world.boot();
    for (const auto& object : render(world.state, world.network("bridge").id)) {
      const auto* sysctl = std::get_if<ports::Sysctl>(&object);
      if (sysctl != nullptr && sysctl->key.ends_with("/docker0/route_localnet")) return sysctl->value;
    }
    return std::string("not set");
  };
  Settings settings;
  EXPECT_EQ(localnet(settings), "1");
  settings.iptables = false;
  EXPECT_EQ(localnet(settings), "0");
}

TEST(Boot, WithoutABridgeTheDefaultModeIsNone) {
  Settings settings;
  settings.bridge = "none";
  World world(settings);
  world.boot();
  EXPECT_EQ(world.state.networks().size(), 2u);
  EXPECT_EQ(world.container(world.create_in("c1", "default")).spec.network_mode, "none");
}

TEST(Boot, MtuFollowsTheEgressOrTheSetting) {
  World world;
  world.facts.host.egress_mtu = 1420;
  world.boot();
  EXPECT_EQ(world.network("bridge").mtu, 1420u);
  Settings settings;
  settings.mtu = 1300;
  world.state.set_settings(settings);
  world.must(BootHost{});
  EXPECT_EQ(world.network("bridge").mtu, 1300u);
}

}  // namespace
}  // namespace fairlead::testing
