/// macvlan and ipvlan networks: what is decided, drawn and refused.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "engine/parent_link.h"
#include "engine/render.h"
#include "support/engine_world.h"

namespace fairlead::testing {
namespace {

using Options = std::map<std::string, std::string>;

struct ParentWorld : World {
  ParentWorld() {
    facts.host.links = {{"lo", {true, {}}}, {"nic0", {true, base::Mac::parse("0a:00:00:00:00:01").value()}}};
    boot();
  }
  CreateNetwork wanted(const std::string& name, Options options, const std::string& driver = "macvlan") const {
    CreateNetwork command;
    command.name = name;
    command.driver = driver;
    command.options = std::move(options);
    return command;
  }
  bool draws(const std::string& line) const {
    return std::ranges::any_of(objects(), [&](const auto& object) { return ports::describe(object) == line; });
  }
};

TEST(Parent, ContainersStandOnItInTheHostsOwnSubnet) {
  ParentWorld world;
  auto command = world.wanted("lan", {{"parent", "nic0"}});
  command.pools = {{.subnet = "192.168.1.0/24", .gateway = "192.168.1.1"}};
  world.must(command);
  const auto id = world.run("web", "lan");
  const auto netns = world.state.sandboxes().begin()->second->netns;
  EXPECT_TRUE(world.draws(fmt::format("link {}/eth0 (macvlan bridge on nic0, mac 02:42:c0:a8:01:02)", netns)));
  EXPECT_TRUE(world.draws("route 0.0.0.0/0 via 192.168.1.1 dev eth0 in " + netns));
  EXPECT_TRUE(world.draws(fmt::format("sysctl net/ipv6/conf/eth0/disable_ipv6 = 1 in {}", netns)));
  EXPECT_EQ(world.container(id).attachments[0].endpoint->host_link, "");
}

TEST(Parent, PassthruTakesOneContainerUnderTheParentsHardwareAddress) {
  ParentWorld world;
  world.must(world.wanted("lan", {{"parent", "nic0"}, {"macvlan_mode", "passthru"}}));
  const auto id = world.run("one", "lan");
  EXPECT_EQ(world.container(id).attachments[0].endpoint->mac.text(), "0a:00:00:00:00:01");
  const auto netns = world.state.sandboxes().begin()->second->netns;
  EXPECT_TRUE(world.draws(fmt::format("link {}/eth0 (macvlan passthru on nic0)", netns))) << "the host's own stays";
  const auto two = world.create_in("two", "lan");
  EXPECT_NE(world.refusal(StartContainer{two}).find("takes exactly one container on parent interface nic0: one has it"),
            std::string::npos);
}

TEST(Parent, IsSharedAsTheKernelAllows) {
  ParentWorld world;
  world.must(world.wanted("a", {{"parent", "nic0"}}));
  world.must(world.wanted("b", {{"parent", "nic0"}, {"macvlan_mode", "vepa"}}));
  for (const auto& command : {world.wanted("c", {{"parent", "nic0"}, {"macvlan_mode", "passthru"}}),
                              world.wanted("c", {{"parent", "nic0"}}, "ipvlan")})
    EXPECT_NE(world.refusal(command).find("is already using parent interface nic0"), std::string::npos);
}

TEST(Parent, ATaggedLinkLivesAsLongAsItsLastNetwork) {
  ParentWorld world;
  const auto first = std::get<NetworkId>(world.must(world.wanted("a", {{"parent", "nic0.50"}})).made);
  const auto second = std::get<NetworkId>(world.must(world.wanted("b", {{"parent", "nic0.50"}})).made);
  const std::string line = "link nic0.50 (vlan 50 on nic0)";
  EXPECT_TRUE(world.draws(line));
  world.must(RemoveNetwork{first});
  EXPECT_TRUE(world.draws(line));
  const auto scopes = touched(world.state, {Erase{second}});
  EXPECT_NE(std::ranges::find(scopes, Scope(HostScope{})), scopes.end());
  world.must(RemoveNetwork{second});
  EXPECT_FALSE(world.draws(line));
}

TEST(Parent, AForeignTaggedLinkIsUsedAndNotDrawn) {
  ParentWorld world;
  world.facts.host.links["nic0.50"] = {true, {}};
  world.must(world.wanted("a", {{"parent", "nic0.50"}}));
  EXPECT_FALSE(world.draws("link nic0.50 (vlan 50 on nic0)"));
}

TEST(Parent, ATaggedLinkOfOursThatIsGoingIsMadeAgain) {
  ParentWorld world;
  world.facts.host.links["nic0.50"] = {.up = true, .kind = "vlan", .is_ours = true};
  world.must(world.wanted("a", {{"parent", "nic0.50"}}));
  EXPECT_TRUE(world.draws("link nic0.50 (vlan 50 on nic0)"));
  EXPECT_TRUE(world.draws("sysctl net/ipv6/conf/nic0.50/disable_ipv6 = 1"));
}

TEST(Parent, IsNeitherAnotherNetworksOwnNorAChildItself) {
  ParentWorld world;
  world.facts.host.links["mv0"] = {.up = true, .kind = "macvlan"};
  world.facts.host.links["vethfl0"] = {.up = true, .kind = "veth", .is_ours = true};
  world.must(world.wanted("alone", {}));
  const auto refusal = [&](const std::string& parent) {
    return world.refusal(world.wanted("x", {{"parent", parent}}));
  };
  EXPECT_TRUE(refusal("mv0").starts_with("parent interface mv0 is itself a macvlan link"));
  EXPECT_EQ(refusal("vethfl0"), "interface vethfl0 belongs to another network of fairlead");
  EXPECT_NE(refusal(world.network("alone").parent.name).find("leads nowhere"), std::string::npos);
}

TEST(Parent, ANewHardwareAddressIsNotedWithoutAWord) {
  ParentWorld world;
  world.must(world.wanted("lan", {{"parent", "nic0"}, {"macvlan_mode", "passthru"}}));
  world.facts.host.links["nic0"].mac = base::Mac::parse("0a:00:00:00:00:02").value();
  EXPECT_TRUE(world.must(ParentsSeen{}).events.empty());
  const auto id = world.run("one", "lan");
  EXPECT_EQ(world.container(id).attachments[0].endpoint->mac.text(), "0a:00:00:00:00:02");
}

TEST(Parent, TheHostsAddressIsAnAddressAndLeavesOneForAContainer) {
  ParentWorld world;
  const auto refusal = [&](const char* subnet, std::map<std::string, std::string> auxiliary) {
    auto command = world.wanted("x", {{"parent", "nic0"}, {"host_access", "true"}});
    command.pools = {{.subnet = subnet, .gateway = "10.1.0.1"}};
    command.pools[0].auxiliary = std::move(auxiliary);
    return world.refusal(command);
  };
  EXPECT_NE(refusal("10.1.0.0/24", {{"host", "10.1.0.1"}}).find("the host needs one for itself"), std::string::npos);
  EXPECT_NE(refusal("10.1.0.0/24", {{"host", "10.1.0.255"}}).find("the host needs one for itself"), std::string::npos);
  EXPECT_NE(refusal("10.1.0.0/30", {}).find("leaves no addresses for the host and a container"), std::string::npos);
}

TEST(Parent, WithoutOneOrInternalItLeadsNowhere) {
  ParentWorld world;
  auto internal = world.wanted("inside", {{"parent", "nic0"}});
  internal.internal = true;
  for (const auto& command : {world.wanted("alone", {}), internal}) {
    world.must(command);
    const auto network = world.network(command.name);
    EXPECT_EQ(network.parent.origin, ParentLink::Origin::isolated);
    world.run("in-" + command.name, command.name);
    EXPECT_TRUE(world.draws("namespace fl-" + network.id.short_text()));
  }
  for (const auto& object : world.objects()) EXPECT_FALSE(std::holds_alternative<ports::Route>(object));
}

TEST(Parent, HostAccessReachesTheContainersAddressesOnly) {
  ParentWorld world;
  auto command = world.wanted("lan", {{"parent", "nic0"}, {"host_access", "true"}});
  command.pools = {{.subnet = "10.1.0.0/24"}};
  world.must(command);
  const auto id = world.run("web", "lan");
  const auto shim = "mv-" + world.network("lan").id.short_text();
  EXPECT_TRUE(world.draws(fmt::format("address 10.1.0.2/32 on {}", shim)));
  EXPECT_EQ(world.address(id), "10.1.0.3/24");
  EXPECT_TRUE(world.draws(fmt::format("route 10.1.0.3/32 dev {}", shim)));
  auto wrong = world.wanted("x", {{"parent", "nic0"}, {"host_access", "true"}, {"macvlan_mode", "vepa"}});
  EXPECT_TRUE(world.refusal(wrong).starts_with("host_access=true works in macvlan_mode=bridge only"));
}

TEST(Parent, WhatGoesIsSaidAndWhatReturnsIsDrawnAgain) {
  ParentWorld world;
  world.must(world.wanted("lan", {{"parent", "nic0"}}));
  world.run("web", "lan");
  const auto whole = world.objects().size();
  const auto links = world.facts.host.links;
  world.facts.host.links.erase("nic0");
  const auto gone = world.must(ParentsSeen{});
  ASSERT_EQ(gone.events.size(), 1u);
  EXPECT_EQ(gone.events[0].action, "parent-missing");
  EXPECT_LT(world.objects().size(), whole);
  world.facts.host.links = links;
  EXPECT_EQ(world.must(ParentsSeen{}).events.at(0).action, "parent-up");
  EXPECT_EQ(world.objects().size(), whole);
}

TEST(Parent, ALostCarrierIsSaidAndCostsNobodyHisLink) {
  ParentWorld world;
  for (const auto* parent : {"nic0", "nic0.50"}) world.must(world.wanted(parent, {{"parent", parent}}));
  world.run("web", "nic0");
  const auto whole = world.objects();
  world.facts.host.links["nic0"].carrier = false;
  const auto lost = world.must(ParentsSeen{});
  ASSERT_EQ(lost.events.size(), 2u) << "one for each network";
  for (const auto& event : lost.events) EXPECT_EQ(event.action, "parent-no-carrier");
  EXPECT_EQ(complaint_of(world.network("nic0").parent), "nic0 has no carrier");
  EXPECT_EQ(complaint_of(world.network("nic0.50").parent), "nic0.50 has no carrier") << "it follows what bears the tag";
  EXPECT_EQ(world.objects(), whole);
  world.run("late", "nic0");
  EXPECT_TRUE(world.must(ParentsSeen{}).events.empty()) << "said once";
  world.facts.host.links["nic0"].up = false;
  EXPECT_EQ(world.must(ParentsSeen{}).events.at(0).action, "parent-down") << "the administrator's will counts first";
  world.facts.host.links["nic0"] = {true, world.facts.host.links["nic0"].mac};
  EXPECT_EQ(world.must(ParentsSeen{}).events.at(0).action, "parent-up");
  EXPECT_EQ(complaint_of(world.network("nic0").parent), "");
}

TEST(Parent, IpvlanInLayerThreeNeedsNoGateway) {
  ParentWorld world;
  world.must(world.wanted("v", {{"parent", "nic0"}, {"ipvlan_mode", "l3"}}, "ipvlan"));
  const auto id = world.run("web", "v");
  const auto netns = world.state.sandboxes().begin()->second->netns;
  EXPECT_TRUE(world.draws(fmt::format("link {}/eth0 (ipvlan l3 on nic0)", netns)));
  EXPECT_TRUE(world.draws("route 0.0.0.0/0 dev eth0 in " + netns));
  EXPECT_TRUE(world.container(id).attachments[0].endpoint->mac.is_zero());
}

TEST(Parent, GoesByAnyOfItsNamesAndIsKnownByTheFirst) {
  ParentWorld world;
  world.facts.host.other_names = {{"enp0s31f6-that-is-long", "nic0"}};
  world.must(world.wanted("lan", {{"parent", "enp0s31f6-that-is-long"}}));
  EXPECT_EQ(world.network("lan").parent.name, "nic0");
  EXPECT_EQ(world.network("lan").options.at("parent"), "enp0s31f6-that-is-long") << "as asked";
  world.must(world.wanted("tagged", {{"parent", "enp0s31f6-that-is-long.50"}}));
  EXPECT_TRUE(world.draws("link nic0.50 (vlan 50 on nic0)"));
  world.facts.host.other_names["en0"] = "nic0";
  world.facts.host.links["en0.60"] = {true, {}};
  world.must(world.wanted("own", {{"parent", "en0.60"}}));
  EXPECT_EQ(world.network("own").parent.name, "en0.60") << "a link of that name comes first";
  EXPECT_NE(world.refusal(world.wanted("x", {{"parent", "unknown-and-too-long"}})).find("invalid parent"),
            std::string::npos);
}

TEST(Parent, IsRefusedWhereTheKernelLacksTheLinks) {
  ParentWorld world;
  const auto untagged = world.wanted("v", {{"parent", "nic0"}}, "ipvlan");
  world.facts.lacking = {"ipvlan"};
  for (const auto& command : {untagged, world.wanted("v", {}, "ipvlan")})
    EXPECT_TRUE(world.refusal(command).starts_with("this kernel has no ipvlan: install its module")) << "isolated too";
  world.facts.lacking = {"vlan"};
  EXPECT_NE(world.refusal(world.wanted("v", {{"parent", "nic0.7"}}, "ipvlan")).find("`modprobe 8021q`"),
            std::string::npos);
  world.must(untagged);
}

TEST(Parent, AsksTheKernelForNoMoreThanItNeeds) {
  using Kinds = std::set<std::string>;
  ParentWorld world;
  EXPECT_EQ(link_kinds(world.state, world.wanted("b", {{"parent", "nic0.7"}}, "bridge")), Kinds{});
  EXPECT_EQ(link_kinds(world.state, world.wanted("v", {{"parent", "nic0"}}, "ipvlan")), Kinds{"ipvlan"});
  EXPECT_EQ(link_kinds(world.state, world.wanted("m", {{"parent", "nic0.7"}})), (Kinds{"macvlan", "vlan"}));
  auto answers = world.wanted("answers", {{"parent", "nic0.7"}}, "");
  answers.config_only = true;
  EXPECT_EQ(link_kinds(world.state, answers), Kinds{});
  world.must(answers);
  auto derived = world.wanted("derived", {});
  derived.config_from = "answers";
  EXPECT_EQ(link_kinds(world.state, derived), (Kinds{"macvlan", "vlan"}));
}

TEST(Parent, RefusesInDockersWords) {
  ParentWorld world;
  const auto said = [&](Options options, const char* driver = "macvlan") {
    return world.refusal(world.wanted("x", std::move(options), driver));
  };
  EXPECT_EQ(said({{"macvlan_mode", "bad"}}),
            "requested macvlan mode 'bad' is not valid, 'bridge' mode is the macvlan driver default");
  EXPECT_EQ(said({{"ipvlan_mode", "bad"}}, "ipvlan"),
            "requested ipvlan mode 'bad' is not valid, 'l2' mode is the ipvlan driver default");
  EXPECT_EQ(said({{"parent", "lo"}}), "loopback interface is not a valid macvlan parent link");
  EXPECT_EQ(said({{"parent", "nosuch"}}), "-o parent interface was not found on the host: nosuch");
  EXPECT_EQ(said({{"parent", "nosuch.5"}}), "-o parent interface was not found on the host: nosuch");
  EXPECT_EQ(said({{"parent", "nic0.4095"}}), "vlan id must be between 1-4094, received: 4095");
  EXPECT_EQ(said({{"ipvlan_flag", "bad"}}, "ipvlan"),
            "requested ipvlan flag 'bad' is not valid, 'bridge' flag is the ipvlan driver default");
  EXPECT_EQ(said({{"parent", "nic0.05"}}), "unable to parse a valid vlan id from: 05 (ex. eth0.10 for vlan 10)");
  EXPECT_EQ(said({{"ipvlan_mode", "l2"}}), "unknown option \"ipvlan_mode\" for driver macvlan");
}

}  // namespace
}  // namespace fairlead::testing
