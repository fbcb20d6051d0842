#include "doors/docker/json_container_create.h"

#include <gmock/gmock.h>

#include <fstream>
#include <sstream>

namespace fairlead::docker {
namespace {

using ports::MountRequest;
using testing::ElementsAre;
using testing::IsEmpty;

/// A request that a real client sent (tests/unit/docker/data/create).
std::string sent_by(const std::string& client) {
  std::ifstream file(std::string(FAIRLEAD_SOURCE_DIR "/tests/unit/docker/data/create/") + client + ".json");
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

ports::ContainerSpec spec_of(const std::string& client, int api_minor) {
  auto request = parse_container_create(sent_by(client), api_minor);
  EXPECT_TRUE(request) << client << ": " << (request ? "" : request.error().text);
  return request ? request->spec : ports::ContainerSpec();
}

base::Error refusal(const std::string& body, int api_minor = 51) {
  const auto request = parse_container_create(body, api_minor);
  EXPECT_FALSE(request) << body;
  return request ? base::Error{} : request.error();
}

base::Error host_refusal(const std::string& host_config) {
  return refusal(R"({"Image":"x","HostConfig":)" + host_config + "}");
}

TEST(ContainerCreate, ThePlainRequestOfEveryClientMeansTheBridge) {
  for (const auto& [client, minor] :
       std::vector<std::pair<std::string, int>>{{"cli28_plain", 50}, {"py_api41", 41}, {"py_api24", 24}}) {
    const auto spec = spec_of(client, minor);
    EXPECT_EQ(spec.image, "busybox") << client;
    EXPECT_EQ(spec.network_mode, "bridge") << client;
    EXPECT_LE(spec.endpoints.size(), 1u) << client;
    for (const auto& endpoint : spec.endpoints)
      EXPECT_EQ(endpoint, (ports::EndpointRequest{.network = "bridge"})) << client;
    EXPECT_EQ(spec.ipc_mode, "private");
    EXPECT_EQ(spec.log_driver, "json-file");
    EXPECT_EQ(spec.shm_size, 64 << 20);
    EXPECT_THAT(spec.mounts, IsEmpty());
    EXPECT_FALSE(spec.masked_paths);
  }
  EXPECT_THAT(*spec_of("py_api41", 41).process.cmd, ElementsAre("echo", "hi there"));
  EXPECT_FALSE(spec_of("cli28_plain", 50).process.cmd);
}

TEST(ContainerCreate, ATerminalAndItsSize) {
  const auto spec = spec_of("cli28_terminal", 50);
  EXPECT_TRUE(spec.process.tty && spec.process.open_stdin && spec.process.stdin_once && spec.process.attach_stdin &&
              spec.auto_remove);
  EXPECT_THAT(*spec.process.cmd, ElementsAre("sh"));
}

TEST(ContainerCreate, ModesWithoutANetworkOfTheirOwn) {
  EXPECT_EQ(spec_of("cli28_host", 50).network_mode, "host");
  EXPECT_EQ(spec_of("cli28_none", 50).network_mode, "none");
  const auto joined = spec_of("cli28_joined", 50);
  EXPECT_EQ(joined.network_mode, "container:bbox01");
  EXPECT_THAT(joined.endpoints, IsEmpty());
  EXPECT_EQ(parse_container_create(R"({"Image":"x","NetworkDisabled":true})", 51)->spec.network_mode, "none");
}

TEST(ContainerCreate, PublishedPorts) {
  const auto spec = spec_of("cli28_ports", 50);
  EXPECT_TRUE(spec.publish_all);
  EXPECT_THAT(spec.exposed_ports, ElementsAre("80/tcp", "8000/udp", "8001/udp", "8002/udp", "8080/tcp", "99/tcp"));
  ASSERT_EQ(spec.port_bindings.size(), 5u);
  EXPECT_EQ(spec.port_bindings[0],
            (ports::PortBinding{.container_port = 80, .host_ip = "127.0.0.1", .host_port = 8081}));
  EXPECT_EQ(spec.port_bindings[1],
            (ports::PortBinding{.container_port = 8000, .protocol = "udp", .host_ip = "", .host_port = 8000}));
  EXPECT_EQ(spec_of("cli20_ports", 41).port_bindings.at(0),
            (ports::PortBinding{.container_port = 80, .host_ip = "", .host_port = 80}));
  const auto any = spec_of("py_many", 41);
  EXPECT_EQ(any.port_bindings.at(0).host_port, 0);
  const auto range = parse_container_create(
      R"({"Image":"x","HostConfig":{"PortBindings":{"80/tcp":[{"HostPort":"8000-8010"}]}}})", 51);
  EXPECT_EQ(range->spec.port_bindings.at(0).host_port_end, 8010);
}

TEST(ContainerCreate, AddressesNamesAndMac) {
  const auto spec = spec_of("cli28_static_address", 50);
  ASSERT_EQ(spec.endpoints.size(), 1u);
  const auto& endpoint = spec.endpoints[0];
  EXPECT_EQ(endpoint.network, "mynet");
  EXPECT_EQ(endpoint.ipv4->text(), "172.8.21.65");
  EXPECT_EQ(endpoint.ipv6->text(), "fd00::5");
  EXPECT_EQ(endpoint.mac->text(), "02:42:ac:11:00:09");
  EXPECT_THAT(endpoint.aliases, ElementsAre("a1"));
  EXPECT_THAT(endpoint.links, ElementsAre("db:dbalias"));
  const auto older = spec_of("cli20_static_address", 41);
  EXPECT_EQ(older.endpoints.at(0).ipv4->text(), "1.2.3.4");
  EXPECT_EQ(older.endpoints.at(0).mac->text(), "02:42:ac:11:00:09") << "the container-wide address of older clients";
  EXPECT_EQ(older.mac, older.endpoints.at(0).mac);
}

TEST(ContainerCreate, SeveralNetworksWithTheModesOwnFirst) {
  const auto spec = spec_of("cli28_two_networks", 50);
  ASSERT_EQ(spec.endpoints.size(), 2u);
  EXPECT_EQ(spec.endpoints[0].network, "mynet");
  EXPECT_EQ(spec.endpoints[1].network, "net2");
  EXPECT_EQ(spec.endpoints[1].gw_priority, 5);
  EXPECT_EQ(spec.endpoints[1].driver_opts.at("k"), "v");
  EXPECT_EQ(refusal(sent_by("cli28_two_networks"), 43).text,
            "Container cannot be connected to network endpoints: mynet, net2");
  const auto py = spec_of("py_endpoint", 44);
  EXPECT_EQ(py.endpoints.at(0).network, "n2");
}

TEST(ContainerCreate, Mounts) {
  const auto spec = spec_of("cli28_mounts", 50);
  EXPECT_THAT(spec.anonymous_volumes, ElementsAre("/anon"));
  EXPECT_THAT(spec.volumes_from, ElementsAre("other:ro"));
  ASSERT_EQ(spec.mounts.size(), 6u);
  EXPECT_EQ(spec.mounts[0], (MountRequest{.kind = MountRequest::Kind::volume, .source = "vol", .target = "/v"}));
  EXPECT_EQ(spec.mounts[1], (MountRequest{.kind = MountRequest::Kind::bind,
                                          .source = "/host",
                                          .target = "/c",
                                          .read_only = true,
                                          .options = "rshared",
                                          .create_source = true}));
  EXPECT_EQ(spec.mounts[2],
            (MountRequest{.kind = MountRequest::Kind::bind, .source = "/etc", .target = "/e", .read_only = true}));
  EXPECT_EQ(spec.mounts[3],
            (MountRequest{.kind = MountRequest::Kind::volume, .source = "vv", .target = "/vv", .no_copy = true}));
  EXPECT_EQ(
      spec.mounts[4],
      (MountRequest{
          .kind = MountRequest::Kind::tmpfs, .source = "", .target = "/tt", .options = "size=1048576,mode=1770"}));
  EXPECT_EQ(spec.mounts[5],
            (MountRequest{.kind = MountRequest::Kind::tmpfs, .source = "", .target = "/t", .options = "size=64m"}));
}

TEST(ContainerCreate, Limits) {
  const auto spec = spec_of("cli28_limits", 50);
  EXPECT_EQ(spec.resources.memory, 64 << 20);
  EXPECT_EQ(spec.resources.memory_swap, 128 << 20);
  EXPECT_EQ(spec.resources.nano_cpus, 1'500'000'000);
  EXPECT_EQ(spec.resources.pids, 100);
  EXPECT_TRUE(spec.resources.oom_kill_disable);
  EXPECT_EQ(spec.shm_size, 128 << 20);
  EXPECT_THAT(spec.ulimits, ElementsAre(ports::Ulimit{"nofile", 1024, 2048}));
  EXPECT_THAT(spec.devices, ElementsAre(ports::DeviceRequest{"/dev/null", "/dev/xnull", "r"}));
}

TEST(ContainerCreate, TheRestOfTheOptions) {
  const auto spec = spec_of("cli28_everything", 50);
  EXPECT_EQ(spec.restart, (ports::RestartPolicy{ports::RestartPolicy::Kind::on_failure, 3}));
  EXPECT_THAT(*spec.process.entrypoint, ElementsAre("/bin/sh"));
  EXPECT_THAT(*spec.process.cmd, ElementsAre("-c", "echo hi"));
  EXPECT_THAT(spec.process.env, ElementsAre("A=b", "C="));
  EXPECT_EQ(spec.process.user, "1000:1000");
  EXPECT_THAT(spec.cap_add, ElementsAre("CAP_NET_ADMIN"));
  EXPECT_THAT(spec.extra_hosts, ElementsAre("a:1.2.3.4", "b:host-gateway"));
  EXPECT_EQ(spec.sysctls.at("net.ipv4.ip_forward"), "1");
  EXPECT_EQ(spec.stop_timeout, 3);
  EXPECT_EQ(spec.log_options.at("max-size"), "1m");
  EXPECT_EQ(spec.annotations.at("an"), "1");
  EXPECT_EQ(spec.init, true);
  EXPECT_TRUE(spec.privileged && spec.read_only_root && spec.oom_score_adj_set);
  EXPECT_EQ(spec.oom_score_adj, 5);
  EXPECT_EQ(spec.pid_mode, "host");
}

TEST(ContainerCreate, WhatDoesNotExistHereIsSaidSo) {
  EXPECT_EQ(refusal(sent_by("cli28_health")).kind, base::ErrorKind::not_implemented);
  EXPECT_EQ(refusal(sent_by("cli28_gpus")).kind, base::ErrorKind::not_implemented);
  (void)spec_of("cli28_no_health", 50);
  for (const char* host :
       {R"({"DeviceCgroupRules":["c 1:1 rwm"]})", R"({"StorageOpt":{"size":"1G"}})", R"({"UsernsMode":"private"})",
        R"({"LogConfig":{"Type":"journald"}})", R"({"BlkioDeviceReadBps":[{"Path":"/dev/sda","Rate":1}]})",
        R"({"Mounts":[{"Type":"image","Source":"a","Target":"/b"}]})"}) {
    EXPECT_EQ(host_refusal(host).kind, base::ErrorKind::not_implemented) << host;
  }
}

TEST(ContainerCreate, MalformedBodiesAndWrongTypesAreRefusedByName) {
  for (const char* body : {"", "  ", "{", "[]", "null", "7", R"({"Image":"x"} y)"})
    EXPECT_EQ(refusal(body).kind, base::ErrorKind::invalid) << body;
  EXPECT_EQ(refusal(R"({"Image":7})").text, "invalid JSON: Image must be a string, got a number");
  EXPECT_EQ(refusal(R"({"Image":"x","Tty":"yes"})").text, "invalid JSON: Tty must be a boolean, got a string");
  EXPECT_EQ(refusal(R"({"Image":"x","Env":["A",1]})").text,
            "invalid JSON: Env must be a list of strings, got a number");
  EXPECT_EQ(refusal(R"({"Image":"x","HostConfig":[]})").text, "invalid JSON: HostConfig must be an object, got a list");
  EXPECT_EQ(host_refusal(R"({"Memory":"64m"})").text, "invalid JSON: HostConfig.Memory must be a number, got a string");
  EXPECT_EQ(host_refusal(R"({"Memory":1.5})").text,
            "invalid JSON: HostConfig.Memory must be a whole number of 64 bits");
  EXPECT_EQ(host_refusal(R"({"PortBindings":{"80/tcp":{}}})").text,
            "invalid JSON: HostConfig.PortBindings.80/tcp must be a list of objects, got an object");
  EXPECT_EQ(refusal("{}").text, "no image specified");
  const std::string deep = R"({"Image":"x","Labels":)" + std::string(5000, '[');
  EXPECT_EQ(refusal(deep).kind, base::ErrorKind::invalid);
}

TEST(ContainerCreate, DockersWords) {
  EXPECT_EQ(
      host_refusal(R"({"RestartPolicy":{"Name":"often"}})").text,
      "invalid restart policy: unknown policy 'often'; use one of 'no', 'always', 'on-failure', or 'unless-stopped'");
  EXPECT_EQ(host_refusal(R"({"Binds":["/a:/x","/b:/x"]})").text, "Duplicate mount point: /x");
  EXPECT_EQ(host_refusal(R"({"Mounts":[{"Type":"bind","Source":"rel","Target":"/x"}]})").text,
            "invalid mount config for type \"bind\": invalid mount path: 'rel' mount path must be absolute");
  EXPECT_EQ(host_refusal(R"({"Mounts":[{"Type":"bind","Source":"/x"}]})").text,
            "invalid mount config for type \"bind\": field Target must not be empty");
  EXPECT_EQ(host_refusal(R"({"Mounts":[{"Type":"magic","Target":"/x"}]})").text,
            "invalid mount config for type \"magic\": mount type unknown");
  EXPECT_EQ(host_refusal(R"({"SecurityOpt":["label"]})").text, "invalid --security-opt 1: \"label\"");
  EXPECT_EQ(host_refusal(R"({"VolumeDriver":"nfs"})").kind, base::ErrorKind::not_found);
  EXPECT_EQ(refusal(R"({"Image":"x","StopSignal":"SIGNOPE"})").text, "invalid signal: SIGNOPE");
  EXPECT_EQ(
      refusal(
          R"({"Image":"x","NetworkingConfig":{"EndpointsConfig":{"n":{"IPAMConfig":{"IPv4Address":"1.2.3.400","IPv6Address":"1.2.3.4"}}}}})")
          .text,
      "invalid config for network n: invalid endpoint settings:\ninvalid IPv4 address: 1.2.3.400\ninvalid IPv6 "
      "address: 1.2.3.4");
  EXPECT_EQ(
      refusal(
          R"({"Image":"x","MacAddress":"02:42:ac:11:00:01","NetworkingConfig":{"EndpointsConfig":{"bridge":{"MacAddress":"02:42:ac:11:00:02"}}}})")
          .text,
      "the container-wide MAC address must match the endpoint-specific MAC address for the main network, or be left "
      "empty");
}

TEST(ContainerCreate, APortOfTheApiIsNoRange) {
  EXPECT_EQ(refusal(R"({"Image":"x","ExposedPorts":{"1-65535/tcp":{}}})").text,
            "invalid port specification: \"1-65535/tcp\"");
  EXPECT_EQ(host_refusal(R"({"PortBindings":{"1-2":[]}})").text, "invalid port specification: \"1-2\"");
}

TEST(ContainerCreate, CommandsMayBeStrings) {
  const auto request = parse_container_create(R"({"Image":"x","Cmd":"ls","Entrypoint":""})", 51);
  EXPECT_THAT(*request->spec.process.cmd, ElementsAre("ls"));
  EXPECT_THAT(*request->spec.process.entrypoint, ElementsAre(""));
}

}  // namespace
}  // namespace fairlead::docker
