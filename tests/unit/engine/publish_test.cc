#include "engine/publish.h"

#include <gmock/gmock.h>

#include <chrono>

#include "support/engine_world.h"
#include "support/slowness.h"

namespace fairlead::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

ports::ContainerSpec publishing(std::vector<ports::PortBinding> bindings, const std::string& mode = "bridge") {
  ports::ContainerSpec spec;
  spec.network_mode = mode;
  spec.port_bindings = std::move(bindings);
  return spec;
}

std::vector<std::string> places(const World& world, const ContainerId& id) {
  std::vector<std::string> out;
  for (const auto& one : world.container(id).published) out.push_back(ports::describe(one.host));
  return out;
}

std::vector<std::string> elements(const World& world) {
  std::vector<std::string> out;
  for (const auto& object : world.objects()) {
    const auto* element = std::get_if<ports::FirewallElement>(&object);
    if (!element) continue;
    const auto line = ports::describe(object);
    if (line.contains("publish") || line.contains(" open_port") || line.contains(" trusted")) out.push_back(line);
  }
  return out;
}

/// The flows that a decision leaves behind.
std::vector<std::string> flows(const State& before, const std::vector<Change>& changes) {
  std::vector<std::string> out;
  for (const auto& match : flows_touched(before, changes)) {
    std::string line;
    if (match.protocol && match.sent_to_port) {
      const auto whom = !match.sent_to           ? "*"
                        : match.sent_to->is_v4() ? match.sent_to->text()
                                                 : "[" + match.sent_to->text() + "]";
      line = ports::protocol_name(*match.protocol) + " to " + whom + ":" + std::to_string(*match.sent_to_port);
    }
    if (match.led_to) line += " led to " + match.led_to->text();
    if (match.address) line += "of " + match.address->text();
    out.push_back(std::move(line));
  }
  return out;
}

constexpr ports::L4Protocol kUdp{17};

TEST(Publish, LeadsEveryAddressOrOne) {
  World world;
  world.boot();
  const auto id = world.create(
      "web1", publishing({{.container_port = 80, .host_port = 8080},
                          {.container_port = 53, .protocol = "udp", .host_ip = "127.0.0.1", .host_port = 5353},
                          {.container_port = 81, .host_ip = "::1", .host_port = 8081}}));
  EXPECT_THAT(elements(world), IsEmpty());
  world.start(id);
  EXPECT_THAT(elements(world),
              UnorderedElementsAre("element publish4 { proto 6 . port 8080 : 172.17.0.2 . port 80 }",
                                   "element publish_at4 { 127.0.0.1 . proto 17 . port 5353 : 172.17.0.2 . port 53 }"));
  // No IPv6 there: who comes by it is led by the socket.
  const auto published = world.container(id).published;
  EXPECT_EQ(target_of(world.state, world.container(id), published.at(2)), (ports::PortTarget{ip("172.17.0.2"), 81}));
  world.must(ContainerExited{id, 0});
  EXPECT_THAT(elements(world), IsEmpty());
  EXPECT_THAT(world.container(id).published, IsEmpty());
}

TEST(Publish, ASocketServesVisitsWithinANetworkThatIsolatesItsPorts) {
  Settings settings;
  settings.icc = false;
  World world(settings);
  world.boot();
  const auto id = world.create(
      "web1", publishing({{.container_port = 80, .host_port = 8080},
                          {.container_port = 53, .protocol = "udp", .host_ip = "192.0.2.1", .host_port = 5353},
                          {.container_port = 9, .protocol = "sctp", .host_port = 9}}));
  world.start(id);
  EXPECT_THAT(elements(world),
              UnorderedElementsAre("element publish4 { proto 6 . port 8080 : 172.17.0.2 . port 80 }",
                                   "element own_publish4 { \"docker0\" . proto 6 . port 8080 }",
                                   "element publish_at4 { 192.0.2.1 . proto 17 . port 5353 : 172.17.0.2 . port 53 }",
                                   "element own_publish_at4 { \"docker0\" . 192.0.2.1 . proto 17 . port 5353 }",
                                   "element publish4 { proto 132 . port 9 : 172.17.0.2 . port 9 }"));
  world.must(ContainerExited{id, 0});
  EXPECT_THAT(elements(world), IsEmpty());
}

TEST(Publish, RefusesWhatAnotherHas) {
  World world;
  world.boot();
  world.start(world.create("web1", publishing({{.container_port = 80, .host_port = 8080}})));
  const auto second =
      world.create("web2", publishing({{.container_port = 80, .host_port = 8079},
                                       {.container_port = 80, .host_ip = "127.0.0.1", .host_port = 8080}}));
  const auto text = world.refusal(StartContainer{second});
  EXPECT_THAT(text, HasSubstr("failed to set up container networking: driver failed programming external connectivity "
                              "on endpoint web2 ("));
  EXPECT_THAT(text, HasSubstr("): Bind for 127.0.0.1:8080 failed: port is already allocated"));
  // Another protocol, or two addresses beside each other, are no conflict.
  world.start(world.create("web3", publishing({{.container_port = 80, .protocol = "udp", .host_port = 8080}})));
  world.start(world.create("web4", publishing({{.container_port = 80, .host_ip = "10.0.0.1", .host_port = 90},
                                               {.container_port = 80, .host_ip = "10.0.0.2", .host_port = 90}})));
  EXPECT_EQ(world.state.publisher({ip("10.0.0.2"), {}, 90})->name, "web4");
  EXPECT_EQ(world.state.publisher({ip("10.0.0.3"), {}, 90}), nullptr);
  EXPECT_EQ(world.state.publisher({std::nullopt, {}, 90})->name, "web4");
}

TEST(Publish, ChoosesFreePorts) {
  World world;
  world.facts.host.first_ephemeral = 40000;
  world.facts.host.last_ephemeral = 40002;
  world.boot();
  world.facts.busy = {{std::nullopt, {}, 40001}};
  const auto one = world.create("c1", publishing({{.container_port = 80}, {.container_port = 81}}));
  world.start(one);
  EXPECT_THAT(places(world, one), UnorderedElementsAre("0.0.0.0:40000/tcp", "0.0.0.0:40002/tcp"));
  EXPECT_THAT(world.refusal(StartContainer{world.create("c2", publishing({{.container_port = 80}}))}),
              HasSubstr("all ports from 40000 to 40002 are taken"));
  auto exposed = publishing({{.container_port = 53, .protocol = "udp", .host_port = 53}});
  exposed.exposed_ports = {"53/udp", "54/udp"};
  exposed.publish_all = true;
  const auto three = world.create("c3", exposed);
  world.start(three);
  EXPECT_EQ(world.container(three).published.size(), 2u);
  EXPECT_EQ(world.container(three).published.at(1).host.protocol, kUdp);
  const auto range = publishing({{.container_port = 80, .host_port = 9000, .host_port_end = 9001}});
  const auto four = world.create("c4", range), five = world.create("c5", range), six = world.create("c6", range);
  world.start(four);
  world.start(five);
  EXPECT_THAT(places(world, five), UnorderedElementsAre("0.0.0.0:9001/tcp"));
  EXPECT_THAT(world.refusal(StartContainer{six}), HasSubstr("port is already allocated"));
}

TEST(Publish, PassesOverExposedPortsThatCannotBeRead) {
  World world;
  world.boot();
  auto exposed = publishing({});
  exposed.exposed_ports = {"http/tcp", "99999/tcp", "8000-8010/tcp", "0/tcp", "", "/", "80/icmp", "81", "82/udp"};
  exposed.publish_all = true;
  const auto id = world.create("c1", exposed);
  world.start(id);
  std::vector<std::uint16_t> inside;
  for (const auto& one : world.container(id).published) inside.push_back(one.container_port);
  EXPECT_THAT(inside, UnorderedElementsAre(81, 82));
}

TEST(Publish, TwentyThousandPortsOfOneContainer) {
  World world;
  world.boot();
  std::vector<ports::PortBinding> bindings;
  for (std::uint16_t port = 10'000; port < 30'000; ++port)
    bindings.push_back({.container_port = port, .host_ip = "192.168.1.5", .host_port = port});
  auto beside = bindings;
  for (auto& binding : beside) binding.host_ip = "192.168.1.6";
  auto exposing = publishing({});
  exposing.publish_all = true;
  for (int port = 1; port <= 20'000; ++port) exposing.exposed_ports.push_back(std::to_string(port) + "/udp");
  const auto one = world.create("c1", publishing(bindings)), other = world.create("c2", publishing(beside)),
             third = world.create("c3", exposing);
  const auto start = std::chrono::steady_clock::now();
  for (const auto& id : {one, other, third}) {
    const auto before = world.state;
    const auto changes = world.must(StartContainer{id}).changes;
    EXPECT_EQ(ports_touched(before, changes).taken.size(), 20'000u);
    EXPECT_GE(flows_touched(before, changes).size(), 20'000u);
  }
  // What is chosen stays, and is looked up as fast.
  const auto before = world.state;
  const auto added = world.must(ChangePorts{third, {{.container_port = 81, .host_port = 81}}, {}}).changes;
  EXPECT_EQ(ports_touched(before, added).taken.size(), 1u);
  EXPECT_THAT(ports_touched(before, added).given, IsEmpty());
  for (auto& binding : bindings) binding.host_ip = "192.168.1.7";
  world.must(ChangePorts{other, std::move(bindings), {}});
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
  std::printf("[ measured ] twenty thousand ports of each of three containers, and of two a change: %.2f s\n",
              took.count());
  EXPECT_LT(took.count(), 2 * support::slowness());
}

TEST(Publish, FollowsTheNetworkThatLeadsOut) {
  World world;
  world.boot();
  world.make_network("a", "10.1.0.0/24");
  world.make_network("b", "10.2.0.0/24");
  const auto id = world.create("web1", publishing({{.container_port = 80, .host_port = 8080}}, "b"));
  world.start(id);
  EXPECT_THAT(elements(world), UnorderedElementsAre("element publish4 { proto 6 . port 8080 : 10.2.0.2 . port 80 }"));
  world.must(Connect{id, {.network = "a"}});
  EXPECT_THAT(elements(world), UnorderedElementsAre("element publish4 { proto 6 . port 8080 : 10.1.0.2 . port 80 }"));
  world.must(Disconnect{id, "a"});
  world.must(Disconnect{id, "b"});
  EXPECT_THAT(elements(world), IsEmpty());
  EXPECT_THAT(world.container(id).published, IsEmpty());
  world.must(Connect{id, {.network = "a"}});
  EXPECT_EQ(elements(world).size(), 1u);
}

TEST(Publish, InternalAndRoutedNetworksHaveNoHostPorts) {
  World world;
  world.boot();
  CreateNetwork internal{.name = "inner", .internal = true};
  world.must(internal);
  const auto inside = world.create("c1", publishing({{.container_port = 80, .host_port = 8080}}, "inner"));
  world.start(inside);
  EXPECT_THAT(world.container(inside).published, IsEmpty());
  CreateNetwork routed{.name = "routed", .ipv6 = true};
  routed.pools = {{.subnet = "10.1.0.0/24"}, {.subnet = "fd00:1::/64"}};
  routed.options = {{"com.docker.network.bridge.gateway_mode_ipv4", "routed"}};
  world.must(routed);
  const auto out = world.create("c2", publishing({{.container_port = 80, .host_port = 8080}}, "routed"));
  world.start(out);
  EXPECT_THAT(elements(world), UnorderedElementsAre("element open_port4 { 10.1.0.2 . proto 6 . port 80 }",
                                                    "element publish6 { proto 6 . port 8080 : fd00:1::2 . port 80 }"));
}

TEST(Publish, TrustsTheNamedInterfaces) {
  World world;
  world.boot();
  CreateNetwork command{.name = "trusting"};
  command.pools = {{.subnet = "10.1.0.0/24"}};
  command.options = {{"com.docker.network.bridge.trusted_host_interfaces", "eth7:eth8"},
                     {"com.docker.network.bridge.host_binding_ipv4", "127.0.0.1"}};
  world.must(command);
  const auto id = world.create("c1", publishing({{.container_port = 80, .host_port = 8080}}, "trusting"));
  world.start(id);
  EXPECT_THAT(elements(world),
              UnorderedElementsAre("element trusted4 { \"eth7\" . 10.1.0.2 . proto 6 . port 80 }",
                                   "element trusted4 { \"eth8\" . 10.1.0.2 . proto 6 . port 80 }",
                                   "element publish_at4 { 127.0.0.1 . proto 6 . port 8080 : 10.1.0.2 . port 80 }"));
}

TEST(Publish, ChangesWhileItRuns) {
  World world;
  world.boot();
  const auto id = world.create("web1", publishing({{.container_port = 80}}));
  world.start(id);
  const auto first = places(world, id);
  const auto before = world.state;
  const auto added = world.must(ChangePorts{id, {{.container_port = 81, .host_port = 8081}}, {}});
  EXPECT_EQ(places(world, id).size(), 2u);
  EXPECT_EQ(places(world, id).at(0), first.at(0)) << "what was chosen stays";
  EXPECT_THAT(ports_touched(before, added.changes).taken,
              UnorderedElementsAre(ports::HostPort{std::nullopt, {}, 8081}));
  const auto with_both = world.state;
  const auto taken = world.must(ChangePorts{id, {}, {{.container_port = 81}}});
  EXPECT_THAT(ports_touched(with_both, taken.changes).given,
              UnorderedElementsAre(ports::HostPort{std::nullopt, {}, 8081}));
  EXPECT_THAT(flows(with_both, taken.changes),
              UnorderedElementsAre("tcp to 0.0.0.0:8081", "tcp to [::]:8081", "tcp to *:8081 led to 172.17.0.2"));
  EXPECT_EQ(places(world, id), first);
  EXPECT_THAT(world.refusal(ChangePorts{id, {}, {{.container_port = 99}}}), HasSubstr("is not published that way"));
  const auto host = world.create_in("c2", "host");
  EXPECT_THAT(world.refusal(ChangePorts{host, {{.container_port = 1}}, {}}), HasSubstr("no network of its own"));
  // The bindings are the container's: they outlive its end.
  world.must(ChangePorts{id, {{.container_port = 82, .host_port = 8082}}, {}});
  world.must(ContainerExited{id, 0});
  world.start(id);
  EXPECT_THAT(places(world, id), ::testing::Contains("0.0.0.0:8082/tcp"));
}

TEST(Publish, FlowsOfWhatGoesAreNamed) {
  World world;
  world.boot();
  const auto id = world.create("c1", publishing({{.container_port = 53, .protocol = "udp", .host_port = 5353},
                                                 {.container_port = 80, .host_ip = "192.168.1.5", .host_port = 8080}}));
  const auto down = world.state;
  const auto started = world.must(StartContainer{id}).changes;
  EXPECT_THAT(flows(down, started),
              UnorderedElementsAre("udp to 0.0.0.0:5353", "udp to [::]:5353", "tcp to 192.168.1.5:8080"))
      << "those of whoever had the port before";
  world.must(ContainerStarted{id, 100, 99});
  const auto up = world.state;
  const auto changes = world.must(ContainerExited{id, 0}).changes;
  EXPECT_THAT(flows(up, changes),
              UnorderedElementsAre("udp to 0.0.0.0:5353", "udp to [::]:5353", "udp to *:5353 led to 172.17.0.2",
                                   "tcp to 192.168.1.5:8080", "of 172.17.0.2"));
}

TEST(Publish, FlowsOfAPortThatLeadsElsewhereAreNamed) {
  World world;
  world.boot();
  world.make_network("a", "10.1.0.0/24");
  world.make_network("b", "10.2.0.0/24");
  const auto id = world.create(
      "web1", publishing({{.container_port = 80, .protocol = "udp", .host_ip = "0.0.0.0", .host_port = 8080},
                          {.container_port = 53, .host_ip = "::1", .host_port = 53}},
                         "b"));
  world.start(id);
  auto before = world.state;
  EXPECT_THAT(flows(before, world.must(Connect{id, {.network = "a"}}).changes),
              UnorderedElementsAre("udp to 0.0.0.0:8080", "udp to *:8080 led to 10.2.0.2"))
      << "the endpoint stays, but the port leads to another";
  before = world.state;
  const auto changed =
      world.must(ChangePorts{id,
                             {{.container_port = 81, .protocol = "udp", .host_ip = "0.0.0.0", .host_port = 8080}},
                             {{.container_port = 80, .protocol = "udp", .host_ip = "0.0.0.0", .host_port = 8080}}});
  EXPECT_THAT(ports_touched(before, changed.changes).given, IsEmpty());
  EXPECT_THAT(flows(before, changed.changes),
              UnorderedElementsAre("udp to 0.0.0.0:8080", "udp to *:8080 led to 10.1.0.2"));
  before = world.state;
  EXPECT_THAT(flows(before, world.must(Disconnect{id, "b"}).changes), UnorderedElementsAre("of 10.2.0.2"));
}

TEST(Publish, FlowsToTheContainersOwnPortAreNamed) {
  World world;
  world.boot();
  const auto direct = [&](const std::string& name, const std::string& third, const std::string& option,
                          const std::string& value) {
    CreateNetwork command{.name = name};
    command.pools = {{.subnet = "10." + third + ".0.0/24"}};
    command.options = {{"com.docker.network.bridge." + option, value}};
    world.must(command);
    const auto id = world.create(name, publishing({{.container_port = 80, .host_ip = "127.0.0.1", .host_port = 8080},
                                                   {.container_port = 443, .host_ip = "127.0.0.1", .host_port = 8443}},
                                                  name));
    world.start(id);
    const auto before = world.state;
    const auto changes =
        world.must(ChangePorts{id, {}, {{.container_port = 80, .host_ip = "127.0.0.1", .host_port = 8080}}}).changes;
    const auto named = flows(before, changes);
    world.must(ContainerExited{id, 0});
    return named;
  };
  EXPECT_THAT(direct("routed", "1", "gateway_mode_ipv4", "routed"), UnorderedElementsAre("tcp to 10.1.0.2:80"));
  EXPECT_THAT(direct("trusting", "2", "trusted_host_interfaces", "eth7"),
              UnorderedElementsAre("tcp to 10.2.0.2:80", "tcp to 127.0.0.1:8080"));
  EXPECT_THAT(direct("open", "3", "gateway_mode_ipv4", "nat-unprotected"),
              UnorderedElementsAre("tcp to 127.0.0.1:8080"))
      << "it is open without being published";
}

}  // namespace
}  // namespace fairlead::testing
