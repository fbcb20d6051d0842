#include "engine/name_view.h"

#include <gtest/gtest.h>

#include "support/engine_world.h"

namespace fairlead::testing {
namespace {

struct SandboxNames : ::testing::Test {
  SandboxNames() { world.boot(); }
  ContainerId run(const std::string& name, const std::string& network, std::vector<std::string> aliases = {},
                  std::vector<std::string> links = {}) {
    ports::ContainerSpec spec;
    spec.network_mode = network;
    ports::EndpointRequest place;
    place.network = network;
    place.aliases = std::move(aliases);
    place.links = std::move(links);
    spec.endpoints = {place};
    const auto id = world.create(name, spec);
    world.start(id);
    return id;
  }
  NameView view(const ContainerId& id) {
    NetworkNamesBook book;
    return name_view(world.state, *world.container(id).sandbox,
                     upstreams_of("nameserver 127.0.0.53\nnameserver fe80::1%eth0\n"), book);
  }
  std::string resolve(const ContainerId& id, const std::string& name) {
    const auto seen = view(id);
    const auto* found = seen.find(name);
    std::string out;
    for (const auto& address : found ? found->ipv4 : std::vector<base::Ip>{})
      out += (out.empty() ? "" : " ") + address.text();
    return out;
  }
  World world;
};

TEST_F(SandboxNames, NameShortIdAliasesHostnameAndTheNetworksSuffix) {
  world.make_network("net1", "172.25.0.0/16");
  const auto web = run("Web", "net1", {"www", "front.end"}), other = run("c2", "net1");
  for (const std::string& name : {std::string("web"), web.short_text(), std::string("www"), std::string("front.end")}) {
    EXPECT_EQ(resolve(other, name), "172.25.0.2") << name;
    EXPECT_EQ(resolve(other, name + ".net1"), "172.25.0.2") << name;
    EXPECT_EQ(resolve(web, name), "172.25.0.2") << name;
  }
  EXPECT_EQ(resolve(other, "web.net2"), "");
  EXPECT_EQ(*view(other).find(ip("172.25.0.2")), "Web.net1");
  EXPECT_EQ(view(other).find(ip("172.25.0.9")), nullptr);
  EXPECT_TRUE(view(other).is_local(ip("172.25.0.9")));
  EXPECT_FALSE(view(other).is_local(ip("172.26.0.9")));
}

TEST_F(SandboxNames, NotOnTheDefaultBridgeAndNotAcrossNetworks) {
  world.make_network("net1", "172.25.0.0/16");
  world.make_network("net2", "172.26.0.0/16");
  const auto plain = world.run("plain"), one = run("one", "net1"), two = run("two", "net2");
  EXPECT_FALSE(has_names(world.state, *world.container(plain).sandbox));
  EXPECT_TRUE(has_names(world.state, *world.container(one).sandbox));
  EXPECT_EQ(resolve(one, "two"), "");
  EXPECT_EQ(resolve(one, "plain"), "");
  EXPECT_EQ(resolve(plain, "plain"), "");
  world.must(Connect{one, {.network = "net2"}});
  EXPECT_EQ(resolve(one, "two"), "172.26.0.2");
  EXPECT_EQ(resolve(two, "one"), "172.26.0.3");
  EXPECT_EQ(resolve(one, "one"), "172.25.0.2");
  world.must(Disconnect{one, "net2", false});
  EXPECT_EQ(resolve(two, "one"), "");
}

TEST_F(SandboxNames, OneAliasForManyAndLinksForTheirOwnerAlone) {
  world.make_network("net1", "172.25.0.0/16");
  const auto db = run("db1", "net1", {"db"});
  run("db2", "net1", {"db", "DB"});
  const auto web = run("web", "net1", {}, {"db1:store"});
  EXPECT_EQ(resolve(web, "db").size(), std::string("172.25.0.2 172.25.0.3").size());
  EXPECT_EQ(resolve(web, "store"), "172.25.0.2");
  EXPECT_EQ(resolve(db, "store"), "");
  world.must(ContainerExited{db, 0, false, world.facts.now});
  EXPECT_EQ(resolve(web, "db"), "172.25.0.3");
  EXPECT_EQ(resolve(web, "store"), "");
  EXPECT_EQ(resolve(web, "db1"), "");
}

TEST_F(SandboxNames, ServersOfTheContainerElseTheHostsAndNoneInside) {
  world.make_network("net1");
  CreateNetwork inside;
  inside.name = "inside";
  inside.internal = true;
  world.must(inside);
  ports::ContainerSpec spec;
  spec.network_mode = "net1";
  spec.dns = {"9.9.9.9", "9.9.9.9", "1.1.1.1", "2.2.2.2", "3.3.3.3"};
  const auto own = world.create("own", spec);
  world.start(own);
  EXPECT_EQ(view(own).upstreams,
            (std::vector<Upstream>{{ip("9.9.9.9"), ""}, {ip("1.1.1.1"), ""}, {ip("2.2.2.2"), ""}}));
  EXPECT_EQ(view(run("host", "net1")).upstreams,
            (std::vector<Upstream>{{ip("127.0.0.53"), ""}, {ip("fe80::1"), "eth0"}}));
  const auto shut = run("shut", "inside");
  EXPECT_TRUE(view(shut).upstreams.empty());
  world.must(Connect{shut, {.network = "bridge"}});
  EXPECT_FALSE(view(shut).upstreams.empty());
}

TEST_F(SandboxNames, TouchedAreTheNetworksOfAMemberThatComesMovesOrGoes) {
  const auto net1 = world.make_network("net1");
  world.make_network("net2");
  const auto one = run("one", "net1"), two = run("two", "net1"), three = run("three", "net2");
  const auto touched_by = [&](const Command& command) {
    return names_touched(world.state, decide(world.state, command, world.facts)->changes);
  };
  const std::set<SandboxId> both{*world.container(one).sandbox, *world.container(two).sandbox};
  EXPECT_EQ(touched_by(RenameContainer{one, "uno"}).networks, std::set{net1});
  EXPECT_EQ(touched_by(RenameContainer{one, "uno"}).sandboxes, both);
  EXPECT_EQ(touched_by(ContainerExited{one, 0, false, world.facts.now}).sandboxes, both);
  EXPECT_EQ(touched_by(Connect{three, {.network = "net1"}}).networks.count(net1), 1u);
  EXPECT_EQ(touched_by(Connect{three, {.network = "net1"}}).sandboxes.size(), 3u);
}

TEST(NameTable, FindsEachOfMany) {
  NameTable table;
  EXPECT_EQ(table.find("x"), nullptr);
  for (unsigned i = 0; i < 1000; ++i) table.add("Name" + std::to_string(i), {base::Ip::v4(i)});
  for (unsigned i = 0; i < 1000; ++i) ASSERT_EQ(table.find("name" + std::to_string(i))->ipv4.at(0), base::Ip::v4(i));
  EXPECT_EQ(table.find("name1000"), nullptr);
  EXPECT_EQ(table.find("Name1"), nullptr);
}

}  // namespace
}  // namespace fairlead::testing
