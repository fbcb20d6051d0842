#include <gtest/gtest.h>

#include "support/engine_world.h"

namespace fairlead::testing {
namespace {

std::vector<std::string> actions(const Decision& decision) {
  std::vector<std::string> out;
  for (const auto& event : decision.events) out.push_back(event.type + " " + event.action);
  return out;
}

TEST(Start, GivesAddressMacAndInterface) {
  World world;
  world.boot();
  const auto id = world.create("bbox01");
  const auto begun = world.must(StartContainer{id});
  EXPECT_EQ(actions(begun), std::vector<std::string>{"network connect"});
  EXPECT_EQ(begun.events[0].attributes,
            (std::map<std::string, std::string>{{"container", id.text()}, {"name", "bridge"}, {"type", "bridge"}}));
  const auto& container = world.container(id);
  EXPECT_EQ(container.phase, Phase::starting);
  const auto& endpoint = *container.attachments.at(0).endpoint;
  EXPECT_EQ(endpoint.ipv4, prefix("172.17.0.2/16"));
  EXPECT_EQ(endpoint.mac.text(), "02:42:ac:11:00:02");
  EXPECT_EQ(endpoint.interface, "eth0");
  EXPECT_EQ(endpoint.host_link, "veth" + endpoint.id.text().substr(0, 7));
  EXPECT_EQ(world.state.sandbox(*container.sandbox)->netns, "fl-" + container.sandbox->short_text());
  EXPECT_EQ(actions(world.must(ContainerStarted{id, 7, 6})), std::vector<std::string>{"container start"});
  EXPECT_EQ(world.container(id).pid, 7);
  const auto again = decide(world.state, StartContainer{id}, world.facts);
  EXPECT_EQ(again.error().kind, base::ErrorKind::not_modified);
}

TEST(Start, FreedAddressesAreReusedLastAndOwnOnesKept) {
  World world;
  world.boot();
  const auto c1 = world.run("c1"), c2 = world.run("c2");
  EXPECT_EQ(world.address(c2), "172.17.0.3/16");
  world.must(ContainerExited{c1, 0});
  const auto c3 = world.run("c3");
  EXPECT_EQ(world.address(c3), "172.17.0.4/16");
  world.start(c1);
  EXPECT_EQ(world.address(c1), "172.17.0.2/16");
}

TEST(Start, TheLastAddressIsGivenUpWhenTaken) {
  World world;
  world.boot();
  Settings small;
  small.bridge_ip = prefix("10.0.0.1/29");
  world.state.set_settings(small);
  world.must(BootHost{});
  std::vector<ContainerId> ids;
  for (int i = 0; i < 5; ++i) ids.push_back(world.run("c" + std::to_string(i)));
  EXPECT_EQ(world.address(ids[4]), "10.0.0.6/29");
  const auto extra = world.create("extra");
  EXPECT_EQ(
      world.refusal(StartContainer{extra}),
      "failed to set up container networking: no available IPv4 addresses on this network's address pools: bridge (" +
          world.network("bridge").id.text() + ")");
  world.must(ContainerExited{ids[1], 0});
  world.start(extra);
  EXPECT_EQ(world.address(extra), "10.0.0.3/29");
  EXPECT_NE(world.refusal(StartContainer{ids[1]}), "");
  world.must(ContainerExited{ids[3], 0});
  world.start(ids[1]);
  EXPECT_EQ(world.address(ids[1]), "10.0.0.5/29");
}

TEST(Start, StaticAddressesStayReserved) {
  World world;
  world.boot();
  world.make_network("my-net", "172.25.0.0/29");
  ports::ContainerSpec spec;
  spec.network_mode = "my-net";
  spec.endpoints = {{.network = "my-net", .ipv4 = ip("172.25.0.2")}};
  const auto first = world.create("first", spec), second = world.create("second", spec);
  EXPECT_EQ(world.address(world.run("dynamic", "my-net")), "172.25.0.3/29");
  EXPECT_EQ(world.refusal(StartContainer{second}),
            "failed to set up container networking: Address already in use: 172.25.0.2 belongs to container first");
  EXPECT_EQ(decide(world.state, StartContainer{second}, world.facts).error().kind, base::ErrorKind::forbidden);
  world.start(first);
  EXPECT_EQ(world.address(first), "172.25.0.2/29");
  EXPECT_EQ(world.state.used_addresses(world.network("my-net").id).at(ip("172.25.0.2")), first);
  world.must(ContainerExited{first, 0});
  world.must(RemoveContainer{first});
  world.start(second);
  EXPECT_EQ(world.address(second), "172.25.0.2/29");
}

TEST(Start, HostAndNone) {
  World world;
  world.boot();
  const auto host = world.run("hh", "host"), none = world.run("nn", "none");
  EXPECT_FALSE(world.container(host).sandbox.has_value());
  ASSERT_TRUE(world.container(host).attachments.at(0).endpoint.has_value());
  EXPECT_EQ(world.container(host).attachments[0].endpoint->host_link, "");
  const auto& sandbox = world.container(none).sandbox;
  ASSERT_TRUE(sandbox.has_value());
  std::vector<std::string> lines;
  for (const auto& object : render(world.state, *sandbox)) lines.push_back(ports::describe(object));
  EXPECT_EQ(lines.size(), 6u);
}

TEST(Join, SharesTheSandboxAndOutlivesTheOwner) {
  World world;
  world.boot();
  const auto owner = world.run("bbox01");
  const auto joiner = world.run("bbox04", "container:bbox01");
  EXPECT_EQ(world.container(joiner).spec.network_mode, "container:" + owner.text());
  EXPECT_TRUE(world.container(joiner).attachments.empty());
  const auto sandbox = *world.container(owner).sandbox;
  EXPECT_EQ(world.container(joiner).sandbox, sandbox);
  EXPECT_EQ(world.state.sandbox(sandbox)->users, (std::set<ContainerId>{owner, joiner}));
  EXPECT_EQ(render(world.state, sandbox).size(), 10u);

  world.must(ContainerExited{owner, 0});
  EXPECT_EQ(render(world.state, sandbox).size(), 6u);
  EXPECT_EQ(world.container(joiner).phase, Phase::running);
  const auto other = world.create_in("other", "container:bbox01");
  EXPECT_EQ(world.refusal(StartContainer{other}),
            "cannot join network namespace of a non running container: container bbox01 is exited");

  world.start(owner);
  EXPECT_NE(world.container(owner).sandbox, sandbox);
  EXPECT_EQ(render(world.state, sandbox).size(), 6u);
  world.must(ContainerExited{joiner, 0});
  EXPECT_EQ(world.state.sandbox(sandbox), nullptr);
  world.start(joiner);
  EXPECT_EQ(world.container(joiner).sandbox, world.container(owner).sandbox);
}

TEST(Join, Refusals) {
  World world;
  world.boot();
  ports::ContainerSpec spec;
  spec.network_mode = "container:self";
  const auto self = world.create("self", spec);
  EXPECT_EQ(world.refusal(StartContainer{self}), "cannot join own network namespace");
  EXPECT_EQ(decide(world.state, StartContainer{self}, world.facts).error().kind, base::ErrorKind::internal);
  const auto lost = world.create_in("lost", "container:nosuch");
  EXPECT_EQ(world.refusal(StartContainer{lost}), "No such container: nosuch");
  world.create("never");
  EXPECT_EQ(world.refusal(StartContainer{world.create_in("jj", "container:never")}),
            "cannot join network namespace of a non running container: container never is created");
}

TEST(Exit, ReleasesAndTells) {
  World world;
  world.boot();
  const auto id = world.run("c1");
  const auto sandbox = *world.container(id).sandbox;
  const auto ended = world.must(ContainerExited{id, 3, false, world.facts.now + std::chrono::seconds(5)});
  EXPECT_EQ(actions(ended), (std::vector<std::string>{"container die", "network disconnect"}));
  EXPECT_EQ(ended.events[0].attributes.at("exitCode"), "3");
  EXPECT_EQ(ended.events[0].attributes.at("execDuration"), "5");
  const auto& container = world.container(id);
  EXPECT_EQ(container.phase, Phase::exited);
  EXPECT_FALSE(container.attachments[0].endpoint.has_value());
  EXPECT_EQ(container.attachments[0].last_ipv4, ip("172.17.0.2"));
  EXPECT_EQ(world.state.sandbox(sandbox), nullptr);
  EXPECT_TRUE(world.state.used_addresses(world.network("bridge").id).empty());
  EXPECT_TRUE(world.must(ContainerExited{id, 9}).changes.empty());
}

TEST(Exit, RestartPolicies) {
  using Kind = ports::RestartPolicy::Kind;
  struct Row {
    ports::RestartPolicy policy;
    int exit_code;
    bool asked;
    Phase phase;
  };
  const std::vector<Row> rows = {{{Kind::no}, 1, false, Phase::exited},
                                 {{Kind::always}, 0, false, Phase::restarting},
                                 {{Kind::always}, 0, true, Phase::exited},
                                 {{Kind::unless_stopped}, 0, false, Phase::restarting},
                                 {{Kind::unless_stopped}, 1, true, Phase::exited},
                                 {{Kind::on_failure}, 0, false, Phase::exited},
                                 {{Kind::on_failure}, 1, false, Phase::restarting}};
  for (const auto& row : rows) {
    World world;
    world.boot();
    ports::ContainerSpec spec;
    spec.restart = row.policy;
    const auto id = world.create("c1", spec);
    world.start(id);
    if (row.asked) world.must(StopAsked{id});
    world.must(ContainerExited{id, row.exit_code});
    EXPECT_EQ(world.container(id).phase, row.phase);
  }
}

TEST(Exit, OnFailureCountsAndAUserStartBeginsAnew) {
  World world;
  world.boot();
  ports::ContainerSpec spec;
  spec.restart = {ports::RestartPolicy::Kind::on_failure, 2};
  const auto id = world.create("c1", spec);
  world.start(id);
  for (int round = 1; round <= 2; ++round) {
    world.must(ContainerExited{id, 1});
    EXPECT_EQ(world.container(id).phase, Phase::restarting);
    EXPECT_EQ(world.container(id).restart_count, round);
    world.start(id);
  }
  world.must(ContainerExited{id, 1});
  EXPECT_EQ(world.container(id).phase, Phase::exited);
  world.start(id);
  EXPECT_EQ(world.container(id).restart_count, 0);
  world.must(ContainerExited{id, 1});
  EXPECT_EQ(
      world.refusal(RemoveContainer{id}),
      "cannot remove container \"c1\": container is restarting: stop the container before removing or force remove");
  world.must(StopAsked{id});
  EXPECT_EQ(world.container(id).phase, Phase::exited);
}

TEST(StartFails, GivesEverythingBack) {
  World world;
  world.boot();
  const auto id = world.create("c1");
  world.must(StartContainer{id});
  const auto failed = world.must(StartFailed{id, "exec: nosuch: not found", 127});
  EXPECT_EQ(actions(failed), (std::vector<std::string>{"network disconnect", "container die"}));
  const auto& container = world.container(id);
  EXPECT_EQ(container.phase, Phase::created);
  EXPECT_EQ(container.exit_code, 127);
  EXPECT_EQ(container.error, "exec: nosuch: not found");
  EXPECT_TRUE(world.state.sandboxes().empty());
  world.start(id);
  EXPECT_EQ(world.container(id).error, "");
}

TEST(Remove, RefusedWhileUp) {
  World world;
  world.boot();
  const auto id = world.run("web1");
  const auto refused = decide(world.state, RemoveContainer{id}, world.facts);
  EXPECT_EQ(refused.error().kind, base::ErrorKind::conflict);
  EXPECT_EQ(
      refused.error().text,
      "cannot remove container \"web1\": container is running: stop the container before removing or force remove");
  world.must(ContainerExited{id, 0});
  EXPECT_EQ(actions(world.must(RemoveContainer{id})), std::vector<std::string>{"container destroy"});
  EXPECT_EQ(world.state.container(id), nullptr);
  EXPECT_EQ(world.refusal(StartContainer{id}), "No such container: " + id.text());
}

TEST(Record, KeepsAnonymousVolumes) {
  World world;
  world.boot();
  const auto id = world.create("c1");
  world.must(VolumesMade{id, {"v1"}});
  EXPECT_EQ(world.container(id).volumes, std::vector<std::string>{"v1"});
}

}  // namespace
}  // namespace fairlead::testing
