#include "daemon/drift.h"

#include <gmock/gmock.h>

#include "support/engine_world.h"

namespace fairlead::daemon {
namespace {

using fairlead::testing::prefix;
using fairlead::testing::World;

using engine::HostScope;
using engine::Scope;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(Drift, DoubtsWhatTheStateWants) {
  World world;
  world.boot();
  const auto container = world.container(world.run("web"));
  const auto pair = container.attachments.at(0).endpoint->host_link;
  const Scope network = container.attachments.at(0).network, sandbox = *container.sandbox;
  const auto scopes = [&](const ports::Losses& losses) { return doubt_after(losses, world.state).scopes; };
  EXPECT_THAT(scopes({.links = {"docker0"}}), ElementsAre(network));
  EXPECT_THAT(scopes({.links = {"other", pair}}), ElementsAre(network, sandbox)) << "its bridge may be going";
  EXPECT_THAT(scopes({.addresses = {prefix("172.17.0.1/16")}}), ElementsAre(network));
  EXPECT_THAT(scopes({.routes = {prefix("172.17.0.0/16")}}), ElementsAre(network));
  EXPECT_THAT(scopes({.forwarding = {base::Family::v4}}), ElementsAre(Scope(HostScope{})));
  EXPECT_TRUE(doubt_after({.tables = {"fairlead"}}, world.state).firewall);
  EXPECT_TRUE(doubt_after({.overflow = true}, world.state).everything);
}

TEST(Drift, DoesNotDoubtWhatIsOthersOrNoLongerWanted) {
  World world;
  world.boot();
  const auto id = world.run("web");
  const auto pair = world.container(id).attachments.at(0).endpoint->host_link;
  world.must(engine::ContainerExited{id, 0, false, world.facts.now});
  const auto is_none = [&](const ports::Losses& losses) { return doubt_after(losses, world.state).empty(); };
  EXPECT_TRUE(is_none({}));
  EXPECT_TRUE(is_none({.links = {"eth0", "docker1", pair}}));
  EXPECT_TRUE(is_none({.addresses = {prefix("172.17.0.2/16")}}));
  EXPECT_TRUE(is_none({.routes = {prefix("172.17.0.0/24")}}));
  EXPECT_TRUE(is_none({.forwarding = {base::Family::v6}})) << "no network needs it";
  EXPECT_TRUE(is_none({.tables = {"filter"}}));
}

TEST(Drift, LeavesAloneWhatTheDaemonWasToldToLeave) {
  engine::Settings settings;
  settings.iptables = false;
  settings.ip_forward = false;
  World world(settings);
  world.boot();
  EXPECT_TRUE(doubt_after({.forwarding = {base::Family::v4}, .tables = {"fairlead"}}, world.state).empty());
}

}  // namespace
}  // namespace fairlead::daemon
