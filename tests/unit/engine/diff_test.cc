#include "engine/diff.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "support/engine_world.h"

namespace fairlead::testing {
namespace {

std::vector<std::string> described(const ports::Plan& plan) {
  std::vector<std::string> out;
  for (const auto& step : plan) out.push_back(ports::describe(step));
  return out;
}

std::vector<ports::Object> shuffled(std::vector<ports::Object> objects) {
  std::ranges::reverse(objects);
  return objects;
}

std::string kind_of(const std::string& line) {
  return line.substr(0, line.find(' ', 2));
}

TEST(Diff, SameIsNothing) {
  World world;
  world.boot();
  world.run("c1");
  EXPECT_TRUE(diff(world.objects(), shuffled(world.objects())).empty());
}

TEST(Diff, MakesFromTheGroundUpWhateverTheOrder) {
  World world;
  world.boot();
  world.run("c1");
  const auto steps = diff({}, shuffled(world.objects()));
  std::vector<std::string> kinds;
  for (const auto& line : described(steps.make)) {
    if (kinds.empty() || kinds.back() != kind_of(line)) kinds.push_back(kind_of(line));
  }
  EXPECT_EQ(kinds, (std::vector<std::string>{"+ namespace", "+ sysctl", "+ link", "+ sysctl", "+ address", "+ link",
                                             "+ sysctl", "+ address", "+ route"}));
  EXPECT_EQ(described(steps.forwarding), std::vector<std::string>{"+ sysctl net/ipv4/ip_forward = 1"});
  EXPECT_EQ(ports::describe(steps.firewall.at(0)), "+ firewall table fairlead");
  EXPECT_EQ(ports::describe(steps.firewall.at(1)), "+ firewall table fairlead-user");
  EXPECT_EQ(steps.firewall.size(), 8u);
  EXPECT_TRUE(steps.unmake.empty());
}

TEST(Diff, ASandboxGoesAsAWhole) {
  World world;
  world.boot();
  const auto id = world.run("c1");
  const auto before = world.objects();
  const auto netns = world.state.sandbox(*world.container(id).sandbox)->netns;
  world.must(ContainerExited{id, 0});
  const auto steps = diff(before, world.objects());
  EXPECT_EQ(described(steps.unmake), std::vector<std::string>{"- namespace " + netns});
  EXPECT_TRUE(steps.make.empty());
  EXPECT_TRUE(steps.firewall.empty());
}

TEST(Diff, TheOwnersLinksGoAloneWhenJoinersStay) {
  World world;
  world.boot();
  const auto owner = world.run("c1");
  world.run("c2", "container:c1");
  const auto before = world.objects();
  const auto link = world.container(owner).attachments.at(0).endpoint->host_link;
  world.must(ContainerExited{owner, 0});
  const auto unmade = described(diff(before, world.objects()).unmake);
  ASSERT_EQ(unmade.size(), 1u);
  EXPECT_TRUE(unmade[0].starts_with("- link " + link)) << unmade[0];
}

TEST(Diff, ANetworkGoesWithItsElements) {
  World world;
  world.boot();
  const auto id = world.make_network("n1");
  const auto before = world.objects();
  world.must(RemoveNetwork{id});
  const auto steps = diff(before, world.objects());
  EXPECT_EQ(steps.firewall.size(), 6u);
  ASSERT_EQ(steps.unmake.size(), 1u);
  EXPECT_TRUE(std::holds_alternative<ports::Link>(steps.unmake[0].subject()));
}

TEST(Diff, AChangeCarriesBeforeAndAfter) {
  World world;
  world.boot();
  const auto before = world.objects();
  Settings settings;
  settings.mtu = 1400;
  world.state.set_settings(settings);
  world.must(BootHost{});
  const auto steps = diff(before, world.objects());
  ASSERT_EQ(steps.make.size(), 1u);
  ASSERT_TRUE(steps.make[0].before && steps.make[0].after);
  EXPECT_EQ(std::get<ports::Link>(*steps.make[0].before).mtu, 1500u);
  EXPECT_EQ(std::get<ports::Link>(*steps.make[0].after).mtu, 1400u);
}

TEST(Diff, FirewallDeletionsComeBeforeCreations) {
  World world;
  world.boot();
  const auto before = world.objects();
  Settings settings;
  settings.bridge_ip = prefix("172.17.0.1/24");
  world.state.set_settings(settings);
  world.must(BootHost{});
  EXPECT_EQ(described(diff(before, world.objects()).firewall),
            (std::vector<std::string>{"- element home4 { 172.17.0.0/16 }", "- element masq { 172.17.0.0/16 }",
                                      "+ element home4 { 172.17.0.0/24 }", "+ element masq { 172.17.0.0/24 }"}));
}

TEST(Diff, SettingsAreNeverUnset) {
  World world;
  world.boot();
  const auto before = world.objects();
  Settings settings;
  settings.ip_forward = false;
  world.state.set_settings(settings);
  EXPECT_TRUE(diff(before, world.objects()).empty());
}

TEST(Touched, OnlyWhatCanDiffer) {
  World world;
  world.boot();
  const auto id = world.create("c1");
  const auto before = world.state;
  const auto begun = world.must(StartContainer{id});
  // The network's cursor moves on, which nothing is drawn from.
  EXPECT_EQ(begun.changes.size(), 3u);
  EXPECT_EQ(touched(before, begun.changes), std::vector<Scope>{*world.container(id).sandbox});
  const auto up = world.state;
  EXPECT_TRUE(touched(up, world.must(ContainerStarted{id, 5, 4}).changes).empty());
  const auto joiner = world.create_in("c2", "container:c1");
  const auto with_joiner = world.state;
  EXPECT_TRUE(touched(with_joiner, world.must(StartContainer{joiner}).changes).size() <= 1);
  const auto running = world.state;
  EXPECT_EQ(touched(running, world.must(RenameContainer{id, "c3"}).changes).size(), 1u);
}

}  // namespace
}  // namespace fairlead::testing
