#include "daemon/drift.h"

#include <gtest/gtest.h>

#include "support/engine_world.h"

namespace fairlead::daemon {
namespace {

using fairlead::testing::prefix;
using fairlead::testing::World;

TEST(Drift, ConcernsWhatTheStateWants) {
  World world;
  world.boot();
  const auto id = world.run("web");
  const auto pair = world.container(id).attachments.at(0).endpoint->host_link;
  EXPECT_TRUE(concerns({.links = {"docker0"}}, world.state));
  EXPECT_TRUE(concerns({.links = {"other", pair}}, world.state));
  EXPECT_TRUE(concerns({.addresses = {prefix("172.17.0.1/16")}}, world.state));
  EXPECT_TRUE(concerns({.tables = {"fairlead"}}, world.state));
  EXPECT_TRUE(concerns({.overflow = true}, world.state));
}

TEST(Drift, DoesNotConcernWhatIsOthersOrNoLongerWanted) {
  World world;
  world.boot();
  const auto id = world.run("web");
  const auto pair = world.container(id).attachments.at(0).endpoint->host_link;
  world.must(engine::ContainerExited{id, 0, false, world.facts.now});
  EXPECT_FALSE(concerns({}, world.state));
  EXPECT_FALSE(concerns({.links = {"eth0", "docker1", pair}}, world.state));
  EXPECT_FALSE(concerns({.addresses = {prefix("172.17.0.2/16")}}, world.state));
  EXPECT_FALSE(concerns({.tables = {"filter"}}, world.state));
}

TEST(Drift, TheTableIsNoConcernWhereTheFirewallIsNotOurs) {
  engine::Settings settings;
  settings.iptables = false;
  World world(settings);
  world.boot();
  EXPECT_FALSE(concerns({.tables = {"fairlead"}}, world.state));
}

}  // namespace
}  // namespace fairlead::daemon
