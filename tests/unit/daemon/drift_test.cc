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
using ::testing::UnorderedElementsAre;

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

TEST(Drift, DoubtsWhatStandsOnALinkOfTheHost) {
  World world;
  world.facts.host.links = {{"lo", {true, {}}}, {"nic0", {true, base::Mac::parse("0a:00:00:00:00:01").value()}}};
  world.boot();
  engine::CreateNetwork lan;
  lan.name = "lan";
  lan.driver = "macvlan";
  lan.options = {{"parent", "nic0.50"}, {"host_access", "true"}};
  lan.pools = {{.subnet = "10.1.0.0/24"}};
  world.must(lan);
  const Scope sandbox = *world.container(world.run("web", "lan")).sandbox;
  const auto known = world.network("lan");
  const Scope network = known.id, host = HostScope{};
  const auto scopes = [&](const ports::Losses& losses) { return doubt_after(losses, world.state).scopes; };
  EXPECT_THAT(scopes({.links = {"nic0.50"}}), UnorderedElementsAre(host, network, sandbox));
  EXPECT_THAT(scopes({.addresses = {prefix("10.1.0.2/32")}}), UnorderedElementsAre(network, sandbox))
      << "the host's own, and the routes that go with it";
  EXPECT_THAT(scopes({.routes = {prefix("10.1.0.3/32")}}), ElementsAre(sandbox)) << "to the container";
  EXPECT_TRUE(concerns_parents({.links_back = {"nic0"}}, world.state));
  EXPECT_TRUE(concerns_parents({.overflow = true}, world.state));
  EXPECT_FALSE(concerns_parents({.links = {"nic1"}}, world.state));
}

TEST(Drift, HearsOfACarrierOnlyWhatItDoesNotKnow) {
  World world;
  world.facts.host.links = {{"lo", {true, {}}}, {"nic0", {true, base::Mac::parse("0a:00:00:00:00:01").value()}}};
  world.boot();
  for (const auto* parent : {"nic0.50", ""}) {
    engine::CreateNetwork lan;
    lan.name = std::string("on-") + parent;
    lan.driver = "macvlan";
    lan.options = {{"parent", parent}};
    world.must(lan);
  }
  const auto hears = [&](const std::string& name, bool carrier) {
    return concerns_parents({.carriers = {{name, carrier}}}, world.state);
  };
  EXPECT_FALSE(hears("nic0", true));
  EXPECT_TRUE(hears("nic0", false)) << "that bears the tag";
  EXPECT_FALSE(hears("nic1", false));
  EXPECT_FALSE(hears(world.network("on-").parent.name, false)) << "it leads nowhere anyway";
  world.facts.host.links["nic0"].carrier = false;
  world.must(engine::ParentsSeen{});
  EXPECT_FALSE(hears("nic0", false));
  EXPECT_TRUE(hears("nic0", true));
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
