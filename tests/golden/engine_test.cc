#include <fmt/format.h>

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <sstream>

#include "engine/diff.h"
#include "support/engine_world.h"

namespace fairlead::testing {
namespace {

/// Compares with tests/golden/data/NAME.txt; FAIRLEAD_GOLDEN=write writes it anew, for the diff to be read.
void expect_golden(const std::string& name, const std::string& text) {
  const std::string path = std::string(FAIRLEAD_SOURCE_DIR) + "/tests/golden/data/" + name + ".txt";
  const char* mode = std::getenv("FAIRLEAD_GOLDEN");
  if (mode && std::string_view(mode) == "write") std::ofstream(path) << text;
  std::ifstream file(path);
  const std::string wanted((std::istreambuf_iterator<char>(file)), {});
  EXPECT_EQ(text, wanted) << path;
}

/// Everything that an object says, its marks and comments too.
std::string full(const ports::Object& object) {
  auto line = ports::describe(object);
  if (const auto* link = std::get_if<ports::Link>(&object)) {
    if (const auto* veth = std::get_if<ports::VethLink>(&link->kind)) {
      line += fmt::format(" peer-mac {}{}", veth->peer_mac.text(), veth->isolated ? " isolated" : "");
      if (veth->hairpin) line += " hairpin";
    }
    line += " \"" + link->alias + "\"";
  }
  if (const auto* element = std::get_if<ports::FirewallElement>(&object)) line += " \"" + element->comment + "\"";
  if (const auto* table = std::get_if<ports::FirewallSkeleton>(&object)) line += table->text;
  return line;
}

std::string drawn(const World& world) {
  std::string out;
  for (const auto& object : world.objects()) out += full(object) + "\n";
  return out;
}

TEST(Golden, FirstStart) {
  World world;
  world.boot();
  expect_golden("first_start", drawn(world));
}

TEST(Golden, ForwardingWasOn) {
  World world;
  world.facts.host.ip_forward_was_on = true;
  world.boot();
  expect_golden("forwarding_was_on", drawn(world));
}

TEST(Golden, PublishedPorts) {
  World world;
  world.boot();
  ports::ContainerSpec spec;
  spec.exposed_ports = {"9000/tcp"};
  spec.publish_all = true;
  spec.port_bindings = {{.container_port = 80, .host_port = 8080},
                        {.container_port = 53, .protocol = "udp", .host_ip = "127.0.0.1", .host_port = 5353},
                        {.container_port = 81, .host_port = 8081, .host_port_end = 8090}};
  world.start(world.create("web1", spec));
  expect_golden("published_ports", drawn(world));
}

TEST(Golden, TheFourModes) {
  World world;
  world.boot();
  world.run("bbox01");
  world.run("bbox02", "host");
  world.run("bbox03", "none");
  world.run("bbox04", "container:bbox01");
  expect_golden("four_modes", drawn(world));
}

TEST(Golden, JoinerWhoseTargetStopped) {
  World world;
  world.boot();
  const auto owner = world.run("bbox01");
  world.run("bbox04", "container:bbox01");
  world.must(ContainerExited{owner, 0});
  expect_golden("joiner_alone", drawn(world));
}

TEST(Golden, UserNetworks) {
  World world;
  world.facts.host.egress_mtu = 9001;
  world.boot();
  CreateNetwork command;
  command.name = "my-net";
  command.pools = {{.subnet = "172.8.21.0/24", .gateway = "172.8.21.1"}};
  command.options["com.docker.network.bridge.enable_icc"] = "false";
  command.options["com.docker.network.driver.mtu"] = "1400";
  world.must(command);
  command = {};
  command.name = "inside";
  command.internal = true;
  world.must(command);
  ports::ContainerSpec spec;
  spec.network_mode = "my-net";
  spec.endpoints = {
      {.network = "my-net", .ipv4 = ip("172.8.21.65")}, {.network = "inside"}, {.network = "bridge", .gw_priority = 1}};
  world.start(world.create("bbox1", spec));
  expect_golden("user_networks", drawn(world));
}

/// Only what macvlan and ipvlan networks add: the rest stands in other files.
TEST(Golden, NetworksOnAParent) {
  World world;
  world.facts.host.links = {{"lo", {true, {}}}, {"nic0", {true, base::Mac::parse("0a:00:00:00:00:01").value()}}};
  world.boot();
  const auto without = drawn(world);
  const auto make = [&](const char* name, const char* driver, std::map<std::string, std::string> options,
                        const char* subnet, bool internal = false) {
    CreateNetwork command;
    command.name = name;
    command.driver = driver;
    command.options = std::move(options);
    command.internal = internal;
    command.pools = {{.subnet = subnet}};
    world.must(command);
    world.run(std::string("on-") + name, name);
  };
  make("lan", "macvlan", {{"parent", "nic0"}, {"host_access", "true"}}, "192.168.1.0/24");
  make("tagged", "macvlan", {{"parent", "nic0.50"}, {"macvlan_mode", "vepa"}}, "192.168.50.0/24");
  make("alone", "macvlan", {}, "192.168.60.0/24", true);
  make("routed", "ipvlan", {{"parent", "nic0.60"}, {"ipvlan_mode", "l3s"}}, "192.168.70.0/24");
  std::string out;
  std::istringstream lines(drawn(world));
  for (std::string line; std::getline(lines, line);) {
    if (!without.contains(line + "\n")) out += line + "\n";
  }
  expect_golden("networks_on_a_parent", out);
}

TEST(Golden, PlanOfAStart) {
  World world;
  world.boot();
  const auto id = world.create("bbox01");
  const auto before = world.state;
  const auto decision = world.must(StartContainer{id});
  std::string out;
  for (const auto& scope : touched(before, decision.changes)) {
    const auto steps = diff(render(before, scope), render(world.state, scope));
    for (const auto& plan : {steps.make, steps.firewall, steps.forwarding, steps.unmake}) {
      for (const auto& step : plan) out += ports::describe(step) + "\n";
    }
  }
  expect_golden("plan_of_a_start", out);
}

}  // namespace
}  // namespace fairlead::testing
