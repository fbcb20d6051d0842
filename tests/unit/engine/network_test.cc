#include <gtest/gtest.h>

#include "support/engine_world.h"

namespace fairlead::testing {
namespace {

struct Case {
  const char* what;
  CreateNetwork command;
  base::ErrorKind kind;
  const char* text;
};

void PrintTo(const Case& one, std::ostream* out) {
  *out << one.what;
}

CreateNetwork with(const std::string& subnet, const std::string& range = {}, const std::string& gateway = {}) {
  CreateNetwork command;
  command.name = "n1";
  command.pools = {{.subnet = subnet, .ip_range = range, .gateway = gateway}};
  return command;
}
CreateNetwork named(const std::string& name, const std::string& driver = "bridge") {
  CreateNetwork command;
  command.name = name;
  command.driver = driver;
  return command;
}
CreateNetwork option(const std::string& key, const std::string& value) {
  auto command = named("n1");
  command.options[key] = value;
  return command;
}

class NetworkRefused : public ::testing::TestWithParam<Case> {};

TEST_P(NetworkRefused, InDockersWords) {
  World world;
  world.boot();
  world.make_network("taken", "172.25.0.0/16");
  const auto decision = world.act(GetParam().command);
  ASSERT_FALSE(decision.has_value());
  EXPECT_EQ(decision.error().text, GetParam().text);
  EXPECT_EQ(decision.error().kind, GetParam().kind);
  EXPECT_EQ(world.state.networks().size(), 4u);
}

using Kind = base::ErrorKind;
constexpr char kOverlap[] = "invalid pool request: Pool overlaps with other one on this address space";

INSTANTIATE_TEST_SUITE_P(
    All, NetworkRefused,
    ::testing::Values(
        Case{"predefined", named("bridge"), Kind::forbidden,
             "operation is not permitted on predefined bridge network "},
        Case{"empty", named(""), Kind::invalid, "invalid network name: name is empty"},
        Case{"slash", named("a/b"), Kind::invalid, "invalid network name: a/b"},
        Case{"duplicate", named("taken"), Kind::conflict, "network with name taken already exists"},
        Case{"host", named("h2", "host"), Kind::forbidden, "only one instance of \"host\" network is allowed"},
        Case{"null", named("n2", "null"), Kind::forbidden, "only one instance of \"null\" network is allowed"},
        Case{"driver", named("n1", "x"), Kind::not_found, "plugin \"x\" not found"},
        Case{"overlay", named("n1", "overlay"), Kind::unavailable,
             "This node is not a swarm manager. Use \"docker swarm init\" or \"docker swarm join\" to connect this "
             "node to "
             "swarm and try again."},
        Case{"octal", with("172.08.21.0/24"), Kind::invalid,
             "invalid network config:\ninvalid subnet 172.08.21.0/24: invalid CIDR block notation"},
        Case{"host bits", with("10.1.0.1/24"), Kind::invalid,
             "invalid network config:\ninvalid subnet 10.1.0.1/24: it should be 10.1.0.0/24"},
        Case{"range", with("10.1.0.0/24", "10.1.0.0/16"), Kind::invalid,
             "invalid network config:\ninvalid ip-range 10.1.0.0/16: CIDR block is bigger than its parent subnet "
             "10.1.0.0/24"},
        Case{"range elsewhere", with("10.1.0.0/24", "10.2.0.0/25"), Kind::invalid,
             "invalid network config:\ninvalid ip-range 10.2.0.0/25: parent subnet 10.1.0.0/24 doesn't contain "
             "ip-range"},
        Case{"gateway", with("10.1.0.0/24", "", "10.2.0.1"), Kind::invalid,
             "invalid network config:\ninvalid gateway 10.2.0.1: parent subnet 10.1.0.0/24 doesn't contain this "
             "address"},
        Case{"too small", with("10.1.0.0/31"), Kind::invalid,
             "invalid network config:\ninvalid subnet 10.1.0.0/31: it leaves no address for a container"},
        Case{"overlap", with("172.25.4.0/24"), Kind::forbidden, kOverlap},
        Case{"host's own", with("192.168.0.0/16"), Kind::forbidden,
             "invalid pool request: Pool overlaps with other one on this address space: the host itself uses "
             "192.168.1.0/24"},
        Case{"icc", option("com.docker.network.bridge.enable_icc", "maybe"), Kind::invalid,
             "invalid value \"maybe\" for network option com.docker.network.bridge.enable_icc"},
        Case{"mtu", option("com.docker.network.driver.mtu", "9x"), Kind::invalid,
             "invalid value \"9x\" for network option com.docker.network.driver.mtu"},
        Case{"name", option("com.docker.network.bridge.name", "a-name-that-is-too-long"), Kind::invalid,
             "invalid value \"a-name-that-is-too-long\" for network option com.docker.network.bridge.name"}));

TEST(Network, SubnetsOneAfterTheOther) {
  World world;
  world.boot();
  world.make_network("n1");
  world.make_network("n2");
  EXPECT_EQ(world.network("n1").subnets.at(0).prefix, prefix("172.18.0.0/16"));
  EXPECT_EQ(world.network("n2").subnets.at(0).prefix, prefix("172.19.0.0/16"));
  EXPECT_EQ(world.network("n1").bridge, "br-" + world.network("n1").id.short_text());
  int made = 2;
  for (; world.act([&] { return named("x" + std::to_string(made)); }()).has_value(); ++made) {
  }
  // 172.17 to 172.31, and sixteen /20 of 192.168 but for the one that holds the host's own subnet.
  EXPECT_EQ(made, 14 + 15);
  EXPECT_EQ(world.refusal(named("more")),
            "all predefined address pools have been fully subnetted: 30 bridge networks exist and the host itself "
            "routes 192.168.1.0/24; --default-address-pool "
            "base=CIDR,size=BITS (default-address-pools in the configuration file) gives more and smaller subnets, "
            "--subnet names one");
}

TEST(Network, SettingsAndOptions) {
  World world;
  world.boot();
  auto command = with("172.8.21.0/24", "172.8.21.64/28", "172.8.21.1");
  command.pools[0].auxiliary = {{"printer", "172.8.21.64"}};
  command.options = {{"com.docker.network.driver.mtu", "1400"},
                     {"com.docker.network.bridge.name", "mybr"},
                     {"com.docker.network.bridge.enable_icc", "false"},
                     {"com.docker.network.bridge.enable_ip_masquerade", "0"}};
  world.must(command);
  const auto& network = world.network("n1");
  EXPECT_EQ(network.mtu, 1400u);
  EXPECT_EQ(network.bridge, "mybr");
  EXPECT_FALSE(network.icc);
  EXPECT_FALSE(network.masquerade);
  EXPECT_EQ(network.options, command.options);
  EXPECT_EQ(world.address(world.run("c1", "n1")), "172.8.21.65/24");
  auto same = named("n2");
  same.options["com.docker.network.bridge.name"] = "mybr";
  EXPECT_EQ(world.refusal(same),
            "conflicts with network " + network.id.text() + " (n1): networks have same bridge name");
}

TEST(Network, Remove) {
  World world;
  world.boot();
  const auto id = world.make_network("n1");
  EXPECT_EQ(world.refusal(RemoveNetwork{world.network("bridge").id}),
            "bridge is a pre-defined network and cannot be removed");
  const auto container = world.run("web1", "n1");
  const auto endpoint = world.container(container).attachments.at(0).endpoint->id;
  EXPECT_EQ(world.refusal(RemoveNetwork{id}),
            "error while removing network: network n1 has active endpoints (name:\"web1\" id:\"" +
                endpoint.short_text() + "\")");
  world.must(ContainerExited{container, 0});
  EXPECT_EQ(world.must(RemoveNetwork{id}).events.at(0).action, "destroy");
  EXPECT_EQ(world.refusal(StartContainer{container}), "failed to set up container networking: network n1 not found");
  world.make_network("n1");
  world.start(container);
}

TEST(Connect, AddsAndTakesInterfacesOfALivingContainer) {
  World world;
  world.boot();
  world.make_network("custom");
  const auto id = world.run("bbox08", "custom");
  EXPECT_EQ(world.must(Connect{id, {.network = "bridge"}}).events.at(0).action, "connect");
  EXPECT_EQ(world.container(id).attachments.at(1).endpoint->interface, "eth1");
  EXPECT_EQ(world.address(id, 1), "172.17.0.2/16");
  EXPECT_EQ(world.refusal(Connect{id, {.network = "bridge"}}),
            "endpoint with name bbox08 already exists in network bridge");
  EXPECT_EQ(world.must(Disconnect{id, "custom"}).events.at(0).action, "disconnect");
  EXPECT_EQ(world.container(id).attachments.size(), 1u);
  world.must(Connect{id, {.network = "custom"}});
  EXPECT_EQ(world.container(id).attachments.at(1).endpoint->interface, "eth0");
  world.must(Disconnect{id, "custom"});
  EXPECT_EQ(world.refusal(Disconnect{id, "custom"}), "container " + id.text() + " is not connected to network custom");
  world.must(RemoveNetwork{world.network("custom").id});
}

TEST(Connect, Refusals) {
  World world;
  world.boot();
  world.make_network("named", "172.25.0.0/16");
  const auto plain = world.run("plain"), host = world.run("hh", "host"), none = world.run("nn", "none"),
             joiner = world.run("jj", "container:plain");
  constexpr char kHost[] = "cannot connect container to host network - container must be created in host network mode";
  constexpr char kNone[] =
      "container cannot be connected to multiple networks with one of the networks in private (none) mode";
  constexpr char kShared[] =
      "container sharing network namespace with another container or host cannot be connected to any other network";
  EXPECT_EQ(world.refusal(Connect{plain, {.network = "host"}}), kHost);
  EXPECT_EQ(world.refusal(Connect{plain, {.network = "none"}}), kNone);
  EXPECT_EQ(world.refusal(Connect{none, {.network = "named"}}), kNone);
  EXPECT_EQ(world.refusal(Connect{host, {.network = "named"}}), kShared);
  EXPECT_EQ(world.refusal(Connect{joiner, {.network = "named"}}), kShared);
  EXPECT_EQ(world.refusal(Connect{plain, {.network = "nosuch"}}), "network nosuch not found");
  EXPECT_EQ(world.refusal(Connect{plain, {.network = "named", .ipv4 = ip("10.0.0.1")}}),
            "invalid endpoint settings:\nno configured subnet or ip-range contain the IP address 10.0.0.1");
  EXPECT_EQ(world.refusal(Connect{plain, {.network = "named", .ipv4 = ip("172.25.0.1")}}),
            "failed to set up container networking: Address already in use: 172.25.0.1 is reserved in network named");
  EXPECT_EQ(world.refusal(Disconnect{host, "host"}),
            "container cannot be disconnected from host network or connected to host network");
}

TEST(Connect, AStoppedContainerIsWiredAtItsNextStart) {
  World world;
  world.boot();
  world.make_network("n1");
  const auto id = world.create("c1");
  world.must(Connect{id, {.network = "n1"}});
  EXPECT_FALSE(world.container(id).attachments.at(1).endpoint.has_value());
  world.start(id);
  EXPECT_EQ(world.address(id, 1), "172.18.0.2/16");
}

TEST(Connect, AStoppedContainerCanLeaveANetworkThatIsGone) {
  World world;
  world.boot();
  const auto network = world.make_network("n1");
  const auto id = world.create_in("c1", "n1");
  world.must(RemoveNetwork{network});
  EXPECT_EQ(world.refusal(Disconnect{id, "n2"}), "container " + id.text() + " is not connected to network n2");
  world.must(Disconnect{id, "n1"});
  EXPECT_TRUE(world.container(id).attachments.empty());
  world.start(id);
  EXPECT_EQ(world.refusal(Disconnect{id, "n1"}), "network n1 not found");
}

TEST(State, FindsByIdNameAndUniquePrefix) {
  World world;
  world.boot();
  const auto id = world.create("web1");
  EXPECT_EQ((*world.state.find_container(id.text()))->id, id);
  EXPECT_EQ((*world.state.find_container(id.short_text()))->id, id);
  EXPECT_EQ((*world.state.find_container("web1"))->id, id);
  EXPECT_EQ(world.state.find_container("").error().text, "No such container: ");
  EXPECT_EQ(world.state.find_container("nosuch").error().kind, base::ErrorKind::not_found);
  for (int i = 0; i < 40; ++i) world.create("");
  EXPECT_EQ(world.state.find_container(id.text().substr(0, 1)).error().kind, base::ErrorKind::invalid);
  const auto bridge = world.network("bridge").id;
  EXPECT_EQ((*world.state.find_network(bridge.short_text()))->name, "bridge");
  EXPECT_EQ(world.state.find_network("nosuch").error().text, "network nosuch not found");
}

}  // namespace
}  // namespace fairlead::testing
