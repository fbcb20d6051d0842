#include <gtest/gtest.h>

#include <functional>

#include "support/engine_world.h"

namespace fairlead::testing {
namespace {

using ports::ContainerSpec;

struct Case {
  const char* what;
  std::function<void(ContainerSpec&)> ask;
  const char* text;
  base::ErrorKind kind = base::ErrorKind::invalid;
};

void PrintTo(const Case& one, std::ostream* out) {
  *out << one.what;
}

class CreateRefused : public ::testing::TestWithParam<Case> {};

TEST_P(CreateRefused, InDockersWords) {
  World world;
  world.boot();
  world.make_network("auto");
  world.make_network("named", "172.25.0.0/16");
  world.run("target");
  ContainerSpec spec;
  GetParam().ask(spec);
  const auto before = world.state.containers().size();
  const auto decision = world.act(CreateContainer{"c1", spec, busybox()});
  ASSERT_FALSE(decision.has_value());
  EXPECT_EQ(decision.error().text, GetParam().text);
  EXPECT_EQ(decision.error().kind, GetParam().kind);
  EXPECT_EQ(world.state.containers().size(), before);
}

void join(ContainerSpec& spec) {
  spec.network_mode = "container:target";
}
void ask(ContainerSpec& spec, const std::string& network, std::optional<base::Ip> address = {}) {
  spec.network_mode = network;
  spec.endpoints = {{.network = network, .ipv4 = address}};
}
constexpr char kShared[] =
    "container sharing network namespace with another container or host cannot be connected to any other network";
constexpr char kNone[] =
    "container cannot be connected to multiple networks with one of the networks in private (none) mode";

INSTANTIATE_TEST_SUITE_P(
    Network, CreateRefused,
    ::testing::Values(
        Case{"empty target", [](auto& s) { s.network_mode = "container:"; },
             "invalid network mode: invalid container format container:<name|id>"},
        Case{"no target", [](auto& s) { s.network_mode = "container"; },
             "invalid network mode: invalid container format container:<name|id>"},
        Case{"hostname", [](auto& s) { join(s), s.hostname = "h"; },
             "conflicting options: hostname and the network mode"},
        Case{"dns", [](auto& s) { join(s), s.dns = {"1.1.1.1"}; }, "conflicting options: dns and the network mode"},
        Case{"hosts", [](auto& s) { join(s), s.extra_hosts = {"a:1.1.1.1"}; },
             "conflicting options: custom host-to-IP mapping and the network mode"},
        Case{"mac", [](auto& s) { join(s), s.mac = base::Mac::from_ipv4(ip("1.2.3.4")); },
             "conflicting options: mac-address and the network mode"},
        Case{"publish", [](auto& s) { join(s), s.port_bindings = {{.container_port = 80}}; },
             "conflicting options: port publishing and the container type network mode"},
        Case{"publish all", [](auto& s) { join(s), s.publish_all = true; },
             "conflicting options: port publishing and the container type network mode"},
        Case{"expose", [](auto& s) { join(s), s.exposed_ports = {"80/tcp"}; },
             "conflicting options: port exposing and the container type network mode"},
        Case{"links", [](auto& s) { join(s), s.links = {"target:t"}; },
             "conflicting options: container type network can't be used with links. This would result in undefined "
             "behavior"},
        Case{"links of host", [](auto& s) { s.network_mode = "host", s.links = {"target:t"}; },
             "conflicting options: host type networking can't be used with links. This would result in undefined "
             "behavior"},
        Case{"uts", [](auto& s) { s.uts_mode = "host", s.hostname = "h"; },
             "conflicting options: hostname and the UTS mode"},
        Case{"--ip on bridge", [](auto& s) { ask(s, "default", ip("172.17.0.9")); },
             "invalid config for network bridge: invalid endpoint settings:\n"
             "user specified IP address is supported on user defined networks only"},
        Case{"alias on bridge", [](auto& s) { s.endpoints = {{.network = "bridge", .aliases = {"a"}}}; },
             "invalid config for network bridge: invalid endpoint settings:\n"
             "network-scoped alias is supported only for containers in user defined networks"},
        Case{"--ip outside", [](auto& s) { ask(s, "named", ip("10.0.0.1")); },
             "invalid config for network named: invalid endpoint settings:\n"
             "no configured subnet or ip-range contain the IP address 10.0.0.1"},
        Case{"--ip without subnet", [](auto& s) { ask(s, "auto", ip("10.0.0.1")); },
             "invalid config for network auto: invalid endpoint settings:\nuser specified IP address is supported only "
             "when "
             "connecting to networks with user configured subnets"},
        Case{"two hosts",
             [](auto& s) { s.network_mode = "host", s.endpoints = {{.network = "host"}, {.network = "named"}}; },
             kShared},
        Case{"joined and more", [](auto& s) { join(s), s.endpoints = {{.network = "named"}}; }, kShared},
        Case{"none and more",
             [](auto& s) { s.network_mode = "none", s.endpoints = {{.network = "none"}, {.network = "named"}}; },
             kNone},
        Case{"more and host",
             [](auto& s) { s.network_mode = "named", s.endpoints = {{.network = "named"}, {.network = "host"}}; },
             "cannot connect container to host network - container must be created in host network mode"}));

INSTANTIATE_TEST_SUITE_P(
    Settings, CreateRefused,
    ::testing::Values(
        Case{"restart and rm",
             [](auto& s) { s.auto_remove = true, s.restart.kind = ports::RestartPolicy::Kind::always; },
             "can't create 'AutoRemove' container with restart policy"},
        Case{"retries", [](auto& s) { s.restart = {ports::RestartPolicy::Kind::always, 3}; },
             "invalid restart policy: maximum retry count can only be used with 'on-failure'"},
        Case{"negative retries", [](auto& s) { s.restart = {ports::RestartPolicy::Kind::on_failure, -1}; },
             "invalid restart policy: maximum retry count cannot be negative"},
        Case{"workdir", [](auto& s) { s.process.working_dir = "tmp"; },
             "the working directory 'tmp' is invalid, it needs to be an absolute path"},
        Case{"env", [](auto& s) { s.process.env = {"=x"}; }, "invalid environment variable: =x"},
        Case{"hostname", [](auto& s) { s.hostname = "a/b"; }, "invalid hostname format: a/b"},
        Case{"long hostname", [](auto& s) { s.hostname = std::string(65, 'x'); },
             "invalid hostname format: xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"},
        Case{"capability", [](auto& s) { s.cap_add = {"NET_RAW", "fly"}; },
             "invalid CapAdd: unknown capability: \"CAP_FLY\""},
        Case{"add-host", [](auto& s) { s.extra_hosts = {"a:b"}; }, "invalid IP address in add-host: \"b\""},
        Case{"log driver", [](auto& s) { s.log_driver = "syslog"; },
             "error looking up logging plugin syslog: plugin \"syslog\" not found"},
        Case{"runtime", [](auto& s) { s.runtime = "kata"; }, "unknown or invalid runtime name: kata"},
        Case{"memory", [](auto& s) { s.resources.memory = 1 << 20; }, "Minimum memory limit allowed is 6MB"},
        Case{"swap", [](auto& s) { s.resources.memory = 64 << 20, s.resources.memory_swap = 32 << 20; },
             "Minimum memoryswap limit should be larger than memory limit, see usage"},
        Case{"swap alone", [](auto& s) { s.resources.memory_swap = 32 << 20; },
             "You should always set the Memory limit when using Memoryswap limit, see usage"},
        Case{"cpus", [](auto& s) { s.resources.nano_cpus = 3'000'000'000; },
             "range of CPUs is from 0.01 to 2.00, as there are only 2 CPUs available"},
        Case{"period", [](auto& s) { s.resources.cpu_period = 10; },
             "CPU cfs period can not be less than 1ms (i.e. 1000) or larger than 1s (i.e. 1000000)"},
        Case{"quota", [](auto& s) { s.resources.cpu_quota = 10; },
             "CPU cfs quota can not be less than 1ms (i.e. 1000)"},
        Case{"blkio", [](auto& s) { s.resources.blkio_weight = 5; }, "range of blkio weight is from 10 to 1000"},
        Case{"oom", [](auto& s) { s.oom_score_adj = 1001; },
             "invalid value 1001, range for oom score adj is [-1000, 1000]"},
        Case{"shm", [](auto& s) { s.shm_size = -1; }, "SHM size can not be less than 0"}));

TEST(Create, MergesImageAndFillsDefaults) {
  World world;
  world.boot();
  ContainerSpec spec;
  spec.image = "busybox";
  spec.network_mode = "default";
  spec.endpoints = {{.network = "default"}};
  spec.process.env = {"A=own"};
  spec.resources.memory = 64 << 20;
  spec.port_bindings = {{.container_port = 80}};
  const auto decision = world.must(CreateContainer{"web1", spec, busybox()});
  const auto& made = world.container(std::get<ContainerId>(decision.made));
  EXPECT_EQ(made.path, "sh");
  EXPECT_TRUE(made.args.empty());
  EXPECT_EQ(made.spec.process.env, (std::vector<std::string>{"A=own", "PATH=/bin"}));
  EXPECT_EQ(made.spec.network_mode, "bridge");
  ASSERT_EQ(made.attachments.size(), 1u);
  EXPECT_EQ(made.attachments[0].network, world.network("bridge").id);
  EXPECT_EQ(made.spec.stop_signal, "SIGTERM");
  EXPECT_EQ(made.spec.resources.memory_swap, 128 << 20);
  EXPECT_EQ(made.spec.exposed_ports, std::vector<std::string>{"80/tcp"});
  EXPECT_EQ(made.layer_dirs, std::vector<std::string>{"/layers/1"});
  ASSERT_EQ(decision.events.size(), 1u);
  EXPECT_EQ(decision.events[0].action, "create");
  EXPECT_EQ(decision.events[0].attributes,
            (std::map<std::string, std::string>{{"image", "busybox"}, {"name", "web1"}}));
}

TEST(Create, EntrypointAndCommand) {
  struct Row {
    std::optional<std::vector<std::string>> entrypoint, cmd;
    std::vector<std::string> runs;
  };
  auto image = busybox();
  image.process.entrypoint = {{"/entry", "-e"}};
  image.process.cmd = {{"image-cmd"}};
  const std::vector<Row> rows = {{{}, {}, {"/entry", "-e", "image-cmd"}},
                                 {{}, {{"own"}}, {"/entry", "-e", "own"}},
                                 {{{"/own"}}, {}, {"/own"}},
                                 {{{"/own"}}, {{"x"}}, {"/own", "x"}},
                                 {{{""}}, {{"x"}}, {"x"}}};
  World world;
  world.boot();
  for (const auto& row : rows) {
    ContainerSpec spec;
    spec.process.entrypoint = row.entrypoint;
    spec.process.cmd = row.cmd;
    const auto& made = world.container(std::get<ContainerId>(world.must(CreateContainer{"", spec, image}).made));
    std::vector<std::string> runs = {made.path};
    runs.insert(runs.end(), made.args.begin(), made.args.end());
    EXPECT_EQ(runs, row.runs);
  }
  image.process.entrypoint.reset();
  image.process.cmd.reset();
  EXPECT_EQ(world.refusal(CreateContainer{"", {}, image}), "no command specified");
}

TEST(Create, HostModeDiscardsPublishedPorts) {
  World world;
  world.boot();
  ContainerSpec spec;
  spec.network_mode = "host";
  spec.port_bindings = {{.container_port = 80}};
  EXPECT_EQ(world.must(CreateContainer{"c1", spec, busybox()}).warnings,
            std::vector<std::string>{"Published ports are discarded when using host network mode"});
}

TEST(Create, AnUnknownNetworkIsLookedForAtTheStart) {
  World world;
  world.boot();
  const auto id = world.create_in("c1", "later");
  EXPECT_EQ(world.refusal(StartContainer{id}), "failed to set up container networking: network later not found");
  EXPECT_EQ(decide(world.state, StartContainer{id}, world.facts).error().kind, base::ErrorKind::not_found);
  world.make_network("later");
  world.start(id);
  EXPECT_EQ(world.address(id), "172.18.0.2/16");
}

TEST(Create, SeveralNetworksWithTheModesFirst) {
  World world;
  world.boot();
  world.make_network("n1");
  world.make_network("n2");
  ContainerSpec spec;
  spec.network_mode = "n2";
  spec.endpoints = {{.network = "n1"}, {.network = "n2"}};
  const auto id = world.create("c1", spec);
  world.start(id);
  EXPECT_EQ(world.container(id).attachments[0].network_name, "n2");
  EXPECT_EQ(world.container(id).attachments[0].endpoint->interface, "eth0");
  EXPECT_EQ(world.container(id).attachments[1].endpoint->interface, "eth1");
}

TEST(Names, RuleConflictAndMadeUpOnes) {
  World world;
  world.boot();
  const auto id = world.create("web1");
  EXPECT_EQ(world.refusal(CreateContainer{"a/b", {}, busybox()}),
            "Invalid container name (a/b), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed");
  for (const char* bad : {"a", "-ab", "a b", ".x", "ä1", "a\nb"})
    EXPECT_NE(world.refusal(CreateContainer{bad, {}, busybox()}), "") << bad;
  EXPECT_EQ(world.refusal(CreateContainer{"/web1", {}, busybox()}),
            "Conflict. The container name \"/web1\" is already in use by container \"" + id.text() +
                "\". You have to remove (or rename) that container to be able to reuse that name.");
  const auto made_up = world.container(world.create("")).name;
  EXPECT_NE(made_up.find('_'), std::string::npos);
  std::set<std::string> names;
  for (int i = 0; i < 300; ++i) names.insert(world.container(world.create("")).name);
  EXPECT_EQ(names.size(), 300u);
}

TEST(Names, Rename) {
  World world;
  world.boot();
  const auto id = world.create("web1");
  world.create("web2");
  EXPECT_EQ(world.refusal(RenameContainer{id, ""}), "Neither old nor new names may be empty");
  EXPECT_EQ(world.refusal(RenameContainer{id, "web1"}), "Renaming a container with the same name as its current name");
  EXPECT_NE(world.refusal(RenameContainer{id, "web2"}).find("Conflict."), std::string::npos);
  const auto decision = world.must(RenameContainer{id, "web3"});
  EXPECT_EQ(decision.events.at(0).attributes.at("oldName"), "/web1");
  EXPECT_FALSE(world.state.find_container("web1").has_value());
  EXPECT_EQ((*world.state.find_container("/web3"))->id, id);
}

}  // namespace
}  // namespace fairlead::testing
