#include "daemon/options.h"

#include <gmock/gmock.h>
#include <grp.h>
#include <gtest/gtest.h>

#include <fstream>

#include "support/scratch_dir.h"

namespace fairlead::daemon {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

base::Result<Options> parse(std::vector<const char*> arguments, std::optional<std::string> file = std::nullopt) {
  arguments.insert(arguments.begin(), "fairleadd");
  return parse_options(static_cast<int>(arguments.size()), arguments.data(),
                       [file](const std::string&) -> base::Result<std::optional<std::string>> { return file; });
}
std::string refusal(std::vector<const char*> arguments, std::optional<std::string> file = std::nullopt) {
  const auto options = parse(std::move(arguments), std::move(file));
  return options ? "accepted" : options.error().text;
}
Options from_file(const std::string& json) {
  auto options = parse({}, json);
  EXPECT_TRUE(options) << options.error().text;
  return options.value_or(Options{});
}
std::string file_refusal(const std::string& json) {
  return refusal({}, json);
}

TEST(Options, Defaults) {
  const auto options = parse({}).value();
  EXPECT_THAT(options.hosts, ElementsAre("unix:///run/fairlead/docker.sock"));
  EXPECT_EQ(options.settings.data_root, "/var/lib/fairlead");
  EXPECT_EQ(options.settings.exec_root, "/run/fairlead");
  EXPECT_EQ(options.pidfile, "/run/fairlead/fairlead.pid");
  EXPECT_EQ(options.config_file, "/etc/fairlead/daemon.json");
  EXPECT_EQ(options.settings.bridge, "docker0");
  EXPECT_FALSE(options.settings.foreign_bridge);
  EXPECT_EQ(options.log_level, "info");
  EXPECT_EQ(options.group.has_value(), ::getgrnam("docker") != nullptr);
  EXPECT_TRUE(options.warnings.empty());
}

TEST(Options, TakesDockerdsWords) {
  const auto options = parse({"-H",
                              "unix:///a.sock",
                              "--host=unix:///b.sock",
                              "-Hfd://",
                              "--data-root",
                              "/d",
                              "--exec-root=/e",
                              "-p",
                              "/p.pid",
                              "-l",
                              "warn",
                              "--bip",
                              "10.1.0.1/16",
                              "--fixed-cidr",
                              "10.1.4.0/24",
                              "--default-address-pool",
                              "base=10.2.0.0/16,size=24",
                              "--default-address-pool=base=10.3.0.0/16,size=20",
                              "--mtu",
                              "1400",
                              "--dns",
                              "1.1.1.1",
                              "--dns",
                              "::1",
                              "--host-gateway-ip",
                              "10.9.9.9",
                              "--host-gateway-ip",
                              "fd00::9",
                              "--dns-opt",
                              "ndots:1",
                              "--dns-search",
                              "a.example",
                              "--add-runtime",
                              "mine=/usr/bin/mine",
                              "--default-runtime",
                              "mine",
                              "--group",
                              "wheel",
                              "--ip-masq=false",
                              "--ip-forward=0",
                              "--ip-forward-no-drop",
                              "--init",
                              "--label",
                              "a=b",
                              "--label",
                              "c=d=e",
                              "--insecure-registry",
                              "10.0.0.0/8",
                              "--registry-mirror",
                              "https://m"})
                           .value();
  EXPECT_THAT(options.hosts, ElementsAre("unix:///a.sock", "unix:///b.sock", "fd://"));
  const auto& settings = options.settings;
  EXPECT_EQ(settings.data_root, "/d");
  EXPECT_EQ(settings.exec_root, "/e");
  EXPECT_EQ(options.pidfile, "/p.pid");
  EXPECT_EQ(options.log_level, "warn");
  EXPECT_EQ(settings.bridge_ip->text(), "10.1.0.1/16");
  EXPECT_EQ(settings.fixed_cidr->text(), "10.1.4.0/24");
  ASSERT_EQ(settings.address_pools.size(), 2u);
  EXPECT_EQ(settings.address_pools[1].base.text(), "10.3.0.0/16");
  EXPECT_EQ(settings.address_pools[1].size, 20);
  EXPECT_EQ(settings.mtu, 1400u);
  EXPECT_THAT(settings.dns, ElementsAre("1.1.1.1", "::1"));
  EXPECT_THAT(settings.host_gateway, ElementsAre(*base::Ip::parse("10.9.9.9"), *base::Ip::parse("fd00::9")));
  EXPECT_THAT(settings.dns_options, ElementsAre("ndots:1"));
  EXPECT_THAT(settings.dns_search, ElementsAre("a.example"));
  EXPECT_EQ(settings.runtimes.at("mine"), "/usr/bin/mine");
  EXPECT_EQ(settings.default_runtime, "mine");
  EXPECT_EQ(options.group, "wheel");
  EXPECT_FALSE(settings.ip_masq);
  EXPECT_FALSE(settings.ip_forward);
  EXPECT_TRUE(settings.ip_forward_no_drop);
  EXPECT_TRUE(settings.default_init);
  EXPECT_THAT(settings.labels, ElementsAre("a=b", "c=d=e"));
  EXPECT_THAT(options.insecure_registries, ElementsAre("10.0.0.0/8"));
  EXPECT_THAT(options.registry_mirrors, ElementsAre("https://m"));
  EXPECT_TRUE(options.warnings.empty());
}

TEST(Options, DebugSetsTheLevel) {
  EXPECT_EQ(parse({"-D"})->log_level, "debug");
  EXPECT_EQ(from_file(R"({"debug":true})").log_level, "debug");
}

TEST(Options, IgnoresWhatMeansNothingHereWithOneWarningEach) {
  const auto options =
      parse({"--userland-proxy=false", "--storage-driver", "overlay2", "--log-opt", "a=b", "--log-opt", "c=d"}).value();
  EXPECT_THAT(options.warnings,
              ::testing::UnorderedElementsAre("option --userland-proxy means nothing here and is ignored",
                                              "option --storage-driver means nothing here and is ignored",
                                              "option --log-opt means nothing here and is ignored"));
}

TEST(Options, LiveRestoreIsAlwaysOn) {
  EXPECT_TRUE(parse({"--live-restore"})->warnings.empty());
  EXPECT_THAT(parse({"--live-restore=false"})->warnings, ElementsAre(HasSubstr("always outlive the daemon")));
}

TEST(Options, RefusesWhatItDoesNotKnow) {
  EXPECT_EQ(refusal({"--nosuch=1"}), "unknown flag: --nosuch");
  EXPECT_EQ(refusal({"--nosuch", "x"}), "unknown flag: --nosuch");
  EXPECT_EQ(refusal({"-Z"}), "unknown shorthand flag: 'Z' in -Z");
  EXPECT_EQ(refusal({"start"}), "\"fairleadd\" accepts no arguments: start");
  EXPECT_THAT(refusal({"--bip"}), HasSubstr("--bip"));
  EXPECT_NE(refusal({"--iptables=maybe"}), "accepted");
}

TEST(Options, RefusesTcpInPlainWords) {
  EXPECT_THAT(refusal({"-H", "tcp://0.0.0.0:2375"}), HasSubstr("gives root on this machine to whoever reaches it"));
  EXPECT_THAT(refusal({"-H", "127.0.0.1:2375"}), HasSubstr("is refused"));
  EXPECT_THAT(refusal({"-H", ""}), HasSubstr("an empty host"));
  EXPECT_THAT(refusal({"-H", "npipe://x"}), HasSubstr("only unix:// and fd://"));
}

TEST(Options, RefusesSocketsThatCannotBe) {
  EXPECT_THAT(refusal({"-H", "unix://relative"}), HasSubstr("must be absolute"));
  EXPECT_THAT(refusal({"-H", "unix://"}), HasSubstr("must be absolute"));
  EXPECT_THAT(refusal({"-H", "unix:///run/"}), HasSubstr("names a directory"));
  const std::string longest = "unix:///" + std::string(106, 'a');
  EXPECT_EQ(refusal({"-H", longest.c_str()}), "accepted");
  EXPECT_THAT(refusal({"-H", (longest + "a").c_str()}), HasSubstr("at most 107 bytes"));
}

TEST(Options, RefusesBridgeAddressesThatCannotBe) {
  EXPECT_THAT(refusal({"--bip", "172.08.0.1/16"}), HasSubstr("invalid CIDR address: 172.08.0.1/16"));
  EXPECT_THAT(refusal({"--bip", "10.0.0.1"}), HasSubstr("invalid CIDR address"));
  EXPECT_THAT(refusal({"--bip", "10.0.0.0/16"}), HasSubstr("as 10.0.0.1/16"));
  EXPECT_THAT(refusal({"--bip", "10.0.255.255/16"}), HasSubstr("names the subnet"));
  EXPECT_THAT(refusal({"--bip", "10.0.0.1/31"}), HasSubstr("/8 to /30"));
  EXPECT_THAT(refusal({"--bip", "fd00::1/64"}), HasSubstr("not an IPv4 address"));
  EXPECT_THAT(refusal({"--bip", "10.0.0.1/16", "--fixed-cidr", "10.1.0.0/24"}), HasSubstr("does not lie within"));
  EXPECT_THAT(refusal({"--bip", "10.0.0.1/16", "--fixed-cidr", "10.0.0.0/8"}), HasSubstr("does not lie within"));
  EXPECT_THAT(refusal({"--fixed-cidr", "10.0.0.1/24"}), HasSubstr("it should be 10.0.0.0/24"));
  EXPECT_THAT(refusal({"-b", "br0", "--bip", "10.0.0.1/16"}), HasSubstr("You specified -b & --bip"));
}

TEST(Options, KnowsForeignBridges) {
  EXPECT_TRUE(parse({"-b", "br0"})->settings.foreign_bridge);
  EXPECT_FALSE(parse({"-b", "none"})->settings.foreign_bridge);
  EXPECT_EQ(parse({"-b", "none"})->settings.bridge, "none");
  EXPECT_EQ(parse({"--bridge="})->settings.bridge, "docker0");
  for (const char* bad : {"a/b", "a b", "sixteencharacters", "..", "a:b"})
    EXPECT_NE(refusal({"-b", bad}), "accepted") << bad;
}

TEST(Options, RefusesPoolsThatCannotBe) {
  const auto with = [](const char* pool) { return refusal({"--default-address-pool", pool}); };
  EXPECT_THAT(with("10.0.0.0/16"), HasSubstr("must be a key=value pair"));
  EXPECT_THAT(with("base=10.0.0.0/16"), HasSubstr("invalid size"));
  EXPECT_THAT(with("base=10.0.0.0/16,size=8"), HasSubstr("can be /16 to /30"));
  EXPECT_THAT(with("base=10.0.0.0/16,size=31"), HasSubstr("can be /16 to /30"));
  EXPECT_THAT(with("base=10.0.0.0/16,size=24x"), HasSubstr("invalid size"));
  EXPECT_THAT(with("base=10.0.0.1/16,size=24"), HasSubstr("it should be 10.0.0.0/16"));
  EXPECT_THAT(with("base=ten,size=24"), HasSubstr("invalid base prefix"));
  EXPECT_THAT(with("base=10.0.0.0/16,size=24,colour=red"), HasSubstr("unexpected key 'colour'"));
  EXPECT_THAT(refusal({"--default-address-pool", "base=10.0.0.0/8,size=24", "--default-address-pool",
                       "base=10.9.0.0/16,size=24"}),
              HasSubstr("overlap"));
}

TEST(Options, RefusesOtherValuesThatCannotBe) {
  for (const char* mtu : {"-1", "67", "65536", "big", "1500 ", "99999999999"}) {
    EXPECT_THAT(refusal({"--mtu", mtu}), HasSubstr("invalid default MTU")) << mtu;
  }
  EXPECT_THAT(refusal({"--dns", "1.1.1"}), HasSubstr("not correctly formatted"));
  EXPECT_THAT(refusal({"--dns-search", "a..b"}), HasSubstr("invalid domain"));
  EXPECT_THAT(refusal({"--host-gateway-ip", "gate"}), HasSubstr("not correctly formatted"));
  EXPECT_THAT(refusal({"--host-gateway-ip", "10.0.0.1", "--host-gateway-ip", "10.0.0.2"}), HasSubstr("only one IPv4"));
  EXPECT_THAT(refusal({"--dns-opt", "a\nnameserver 6.6.6.6"}), HasSubstr("not one word"));
  EXPECT_THAT(refusal({"-l", "loud"}), HasSubstr("unable to parse logging level: loud"));
  EXPECT_THAT(refusal({"--label", "plain"}), HasSubstr("bad attribute format"));
  EXPECT_THAT(refusal({"--label", "a=1", "--label", "a=2"}), HasSubstr("conflict labels"));
  EXPECT_THAT(refusal({"--add-runtime", "x"}), HasSubstr("name=path"));
  EXPECT_THAT(refusal({"--add-runtime", "runc=/x"}), HasSubstr("reserved"));
  EXPECT_THAT(refusal({"--default-runtime", "x"}), HasSubstr("does not exist"));
  EXPECT_THAT(refusal({"--data-root", "/"}), HasSubstr("root directory"));
  EXPECT_THAT(refusal({"--data-root", "/a/b", "--exec-root", "/a"}), HasSubstr("within each other"));
  EXPECT_THAT(refusal({"--iptables=false", "--icc=false"}), HasSubstr("ICC=false uses iptables"));
}

TEST(Options, TakesEverySpelling) {
  EXPECT_EQ(parse({"-D=false"})->log_level, "info");
  EXPECT_EQ(parse({"-p=/x.pid"})->pidfile, "/x.pid");
  EXPECT_EQ(parse({"--pidfile="})->pidfile, "");
  EXPECT_EQ(parse({"-l", "warn", "-l", "error"})->log_level, "error");
}

TEST(Options, CrunNeedsNoDefinition) {
  EXPECT_EQ(parse({"--default-runtime", "crun"})->settings.default_runtime, "crun");
}

TEST(ConfigFile, TakesDockerdsKeys) {
  const auto options =
      from_file(R"({"hosts":["unix:///a"],"bip":"10.1.0.1/16","fixed-cidr":"10.1.0.0/24","mtu":1400,"dns":["1.1.1.1"],
    "default-address-pools":[{"base":"10.2.0.0/16","size":24}],"dns-opts":["ndots:1"],"dns-search":["x"],"labels":["a=b"],
    "runtimes":{"mine":{"path":"/m"}},"default-runtime":"mine","log-level":"error","data-root":"/d","exec-root":"/e","pidfile":"/p",
    "group":"g","live-restore":true,"icc":false,"ip-forward":false,"ip-masq":true,"iptables":true,"init":true,"init-path":"/i",
    "insecure-registries":["r"],"registry-mirrors":["http://m"],"storage-driver":"overlay2","features":{"x":true}})");
  EXPECT_THAT(options.hosts, ElementsAre("unix:///a"));
  EXPECT_EQ(options.settings.mtu, 1400u);
  EXPECT_EQ(options.settings.address_pools.at(0).size, 24);
  EXPECT_EQ(options.settings.runtimes.at("mine"), "/m");
  EXPECT_FALSE(options.settings.icc);
  EXPECT_EQ(options.init_path, "/i");
  EXPECT_THAT(options.warnings,
              ::testing::UnorderedElementsAre(
                  "option storage-driver of /etc/fairlead/daemon.json means nothing here and is ignored",
                  "option features of /etc/fairlead/daemon.json means nothing here and is ignored"));
}

TEST(ConfigFile, KnowsEveryKeyOfTheSeveralsByDockerdsName) {
  EXPECT_THAT(file_refusal(R"({"host":["x"],"zzz":1})"),
              HasSubstr("the following directives don't match any configuration option: host, zzz"));
}

TEST(ConfigFile, RefusesWhatTheCommandLineSaysToo) {
  EXPECT_EQ(refusal({"--mtu", "1400", "--dns", "1.1.1.1"}, R"({"mtu":1500,"dns":["8.8.8.8"]})"),
            "unable to configure the Docker daemon with file /etc/fairlead/daemon.json: the following directives are "
            "specified both as "
            "a flag and in the configuration file: mtu: (from flag: 1400, from file: 1500), dns: (from flag: "
            "[1.1.1.1], from file: [8.8.8.8])");
}

TEST(ConfigFile, PutsRuntimesOfBothTogether) {
  const auto options = parse({"--add-runtime", "a=/a"}, R"({"runtimes":{"b":{"path":"/b"}}})").value();
  EXPECT_EQ(options.settings.runtimes.size(), 2u);
}

TEST(ConfigFile, RefusesBadShapes) {
  for (const char* json :
       {"[]", "{", "nonsense", "{\"mtu\":true}", "{\"debug\":\"yes\"}", "{\"dns\":\"1.1.1.1\"}", "{\"dns\":[1]}",
        "{\"hosts\":[\"tcp://0:1\"]}", "{\"default-address-pools\":{}}", "{\"default-address-pools\":[{}]}",
        "{\"runtimes\":{\"x\":{}}}", "{\"bip\":\"x\"}", "{\"mtu\":1e99}", "{\"bip\":null}"}) {
    EXPECT_THAT(file_refusal(json),
                HasSubstr("unable to configure the Docker daemon with file /etc/fairlead/daemon.json: "))
        << json;
  }
}

TEST(ConfigFile, MayBeEmptyOrMissing) {
  EXPECT_TRUE(parse({}, ""));
  EXPECT_TRUE(parse({}, "{}"));
  EXPECT_TRUE(parse({}, R"({"dns":[]})"));
  EXPECT_THAT(refusal({"--config-file", "/nosuch.json"}), HasSubstr("no such file"));
}

TEST(ConfigFile, IsReadFromDisk) {
  const support::ScratchDir dir;
  EXPECT_FALSE(read_config_file(dir / "nosuch").value());
  std::ofstream(dir / "daemon.json") << "{}";
  EXPECT_EQ(read_config_file(dir / "daemon.json").value(), "{}");
  std::ofstream(dir / "huge.json") << std::string((1 << 20) + 1, ' ');
  EXPECT_FALSE(read_config_file(dir / "huge.json"));
  EXPECT_FALSE(read_config_file(dir.path()));
}

TEST(Options, AnswersWithoutReadingTheFile) {
  EXPECT_THAT(parse({"--help"}, "broken")->help, HasSubstr("--default-address-pool"));
  EXPECT_TRUE(parse({"--version"}, "broken")->version);
  EXPECT_TRUE(parse({"--list-faults"}, "broken")->list_faults);
  EXPECT_TRUE(parse({"--validate"}, "{}")->validate);
}

TEST(Reload, TakesOnlyWhatMayChange) {
  std::string file = R"({"labels":["a=1"],"mtu":1400})";
  const char* argv[] = {"fairleadd", "--data-root", "/d"};
  auto options = parse_options(3, argv, [&](const std::string&) -> base::Result<std::optional<std::string>> {
                   return file;
                 }).value();
  options.settings.version = "1";
  file = R"({"labels":["a=2"],"mtu":9000,"debug":true,"default-address-pools":[{"base":"10.2.0.0/16","size":24}]})";
  const auto settings = reload(options).value();
  EXPECT_THAT(settings.labels, ElementsAre("a=2"));
  EXPECT_TRUE(settings.debug);
  EXPECT_EQ(settings.address_pools.size(), 1u);
  EXPECT_EQ(settings.mtu, 1400u);
  EXPECT_EQ(settings.data_root, "/d");
  EXPECT_EQ(settings.version, "1");
  file = "{broken";
  EXPECT_FALSE(reload(options));
}

TEST(Options, ProtectionsThatDoNotExistAreRefusedNotIgnored) {
  for (const char* flag :
       {"--userns-remap=default", "--no-new-privileges", "--selinux-enabled", "--authorization-plugin=x"}) {
    const char* words[] = {"fairleadd", flag};
    const auto parsed = parse_options(2, words, [](const std::string&) { return std::optional<std::string>(); });
    ASSERT_FALSE(parsed.has_value()) << flag;
    EXPECT_THAT(parsed.error().text, ::testing::HasSubstr("does not exist here")) << flag;
  }
  const char* off[] = {"fairleadd", "--selinux-enabled=false"};
  EXPECT_TRUE(parse_options(2, off, [](const std::string&) { return std::optional<std::string>(); }).has_value());
}

}  // namespace
}  // namespace fairlead::daemon
