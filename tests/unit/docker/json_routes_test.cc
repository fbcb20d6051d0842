#include <gmock/gmock.h>

#include <boost/json.hpp>

#include "door.h"
#include "doors/docker/routes.h"

namespace fairlead::docker {
namespace {

namespace json = boost::json;
using testing::ElementsAre;
using testing::HasSubstr;

template <class Id>
Id id_of(char digit) {
  return *Id::parse(std::string(64, digit));
}

engine::Network network(char digit, std::string name, engine::Driver driver, bool predefined) {
  engine::Network net{.id = id_of<base::NetworkId>(digit),
                      .name = std::move(name),
                      .driver = driver,
                      .created = ports::Time(std::chrono::seconds(1'600'000'000)),
                      .predefined = predefined};
  if (driver == engine::Driver::bridge)
    net.subnets.push_back({.prefix = *base::Prefix::parse("172.17.0.0/16"), .gateway = base::Ip::parse("172.17.0.1")});
  return net;
}

/// web1 runs on the default bridge; job has ended; both of busybox.
engine::State small_world() {
  engine::State state;
  state.apply(network('1', "bridge", engine::Driver::bridge, true));
  state.apply(network('2', "host", engine::Driver::host, true));
  state.apply(network('3', "mynet", engine::Driver::bridge, false));
  engine::Container web;
  web.id = id_of<base::ContainerId>('a');
  web.name = "web1";
  web.spec.image = "busybox";
  web.spec.exposed_ports = {"80/tcp"};
  web.spec.labels = {{"tier", "front"}};
  web.spec.mounts.push_back({.kind = ports::MountRequest::Kind::volume, .source = "data", .target = "/data"});
  web.image_id = "sha256:" + std::string(64, 'f');
  web.path = "sh";
  web.args = {"-c", "sleep 100"};
  web.created = web.started = ports::Time(std::chrono::seconds(1'700'000'000 - 5));
  web.phase = engine::Phase::running;
  web.pid = 4711;
  web.sandbox = id_of<base::SandboxId>('b');
  engine::Endpoint endpoint{.id = id_of<base::EndpointId>('e'),
                            .ipv4 = base::Prefix::parse("172.17.0.2/16"),
                            .mac = *base::Mac::parse("02:42:ac:11:00:02")};
  web.attachments.push_back({.network = id_of<base::NetworkId>('1'),
                             .network_name = "bridge",
                             .request = {.network = "bridge"},
                             .endpoint = endpoint});
  state.apply(web);
  state.apply(engine::Sandbox{.id = *web.sandbox, .owner = web.id, .users = {web.id}, .netns = "fl-bbbbbbbbbbbb"});
  engine::Container job = web;
  job.id = id_of<base::ContainerId>('c');
  job.name = "job";
  job.phase = engine::Phase::exited;
  job.exit_code = 3;
  job.pid = 0;
  job.spec.labels.clear();
  job.spec.mounts.clear();
  job.created = ports::Time(std::chrono::seconds(1'699'990'000));
  job.finished = ports::Time(std::chrono::seconds(1'700'000'000 - 180));
  job.sandbox.reset();
  job.attachments.clear();
  state.apply(job);
  return state;
}

std::vector<Route> every_route(engine::Service& service) {
  std::vector<Route> routes;
  for (const auto group : {container_routes, network_routes, image_routes, volume_routes}) {
    for (Route& route : group(service)) routes.push_back(std::move(route));
  }
  return routes;
}

struct Reply {
  int status = 0;
  std::string body;
  json::value value() const { return json::parse(body); }
  std::string message() const { return json::value_to<std::string>(value().at("message")); }
};

class Routes : public testing::Test {
 protected:
  Routes() : door(every_route) {
    door.on_engine([this] {
      door.service.held = small_world();
      ports::Image image{.id = "sha256:" + std::string(64, 'f'), .tags = {"busybox:latest"}, .size = 7};
      image.history = {{.created_by = "first", .size = 3}, {.created_by = "second", .size = 4}};
      door.service.fake_images.stored = {image, {.id = "sha256:" + std::string(64, '0')}};
      door.service.fake_volumes.stored = {{.name = "data", .mountpoint = "/v/data"},
                                          {.name = "spare", .mountpoint = "/v/spare"}};
      return 0;
    });
  }
  Reply ask(const std::string& method, const std::string& path, const std::string& body = "") {
    auto client = door.connect();
    client.send(method + " " + path +
                " HTTP/1.1\r\nHost: d\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: " +
                std::to_string(body.size()) + "\r\n\r\n" + body);
    const std::string answer = client.rest();
    const auto end = answer.find("\r\n\r\n");
    if (answer.size() < 12 || end == std::string::npos) return {};
    return {std::stoi(answer.substr(9, 3)), answer.substr(end + 4)};
  }
  std::vector<std::string> names(const std::string& query) {
    std::vector<std::string> found;
    for (const auto& entry : ask("GET", "/v1.51/containers/json?" + query).value().as_array()) {
      found.push_back(json::value_to<std::string>(entry.at("Names").at(0)));
    }
    return found;
  }
  std::vector<std::string> calls() {
    return door.on_engine([this] { return door.service.calls; });
  }
  std::vector<std::string> events() {
    return door.on_engine([this] {
      std::vector<std::string> told;
      for (const auto& event : door.service.past) told.push_back(event.type + " " + event.action);
      return told;
    });
  }

  Door door;
};

TEST_F(Routes, ListsContainersAsDockerDoes) {
  EXPECT_THAT(names(""), ElementsAre("/web1"));
  EXPECT_THAT(names("all=1"), ElementsAre("/web1", "/job"));
  EXPECT_THAT(names("limit=1"), ElementsAre("/web1"));
  const auto list = ask("GET", "/v1.51/containers/json?all=1").value();
  const auto& web = list.at(0);
  EXPECT_EQ(web.at("Status"), "Up 5 seconds");
  EXPECT_EQ(web.at("State"), "running");
  EXPECT_EQ(web.at("Command"), "sh -c 'sleep 100'");
  EXPECT_EQ(json::serialize(web.at("Ports")), R"([{"PrivatePort":80,"Type":"tcp"}])");
  EXPECT_EQ(web.at("NetworkSettings").at("Networks").at("bridge").at("IPAddress"), "172.17.0.2");
  EXPECT_EQ(web.at("Mounts").at(0).at("Source"), "/v/data");
  EXPECT_EQ(web.at("HostConfig").at("NetworkMode"), "bridge");
  EXPECT_EQ(list.at(1).at("Status"), "Exited (3) 3 minutes ago");
}

TEST_F(Routes, FiltersContainers) {
  const auto all = [&](const std::string& filters) { return names("all=1&filters=" + filters); };
  EXPECT_THAT(all(R"({"name":["^/job$"]})"), ElementsAre("/job"));
  EXPECT_THAT(all(R"({"label":["tier=front"]})"), ElementsAre("/web1"));
  EXPECT_THAT(names(R"(filters={"status":["exited"]})"), ElementsAre("/job"));
  EXPECT_THAT(names(R"(filters={"exited":["3"]})"), ElementsAre("/job"));
  EXPECT_THAT(all(R"({"network":["bridge"]})"), ElementsAre("/web1"));
  EXPECT_THAT(all(R"({"ancestor":["busybox"]})"), ElementsAre("/web1", "/job"));
  EXPECT_THAT(all(R"({"ancestor":["nosuch"]})"), ElementsAre());
  EXPECT_THAT(all(R"({"volume":["data"]})"), ElementsAre("/web1"));
  EXPECT_THAT(all(R"({"expose":["80"]})"), ElementsAre("/web1"));
  EXPECT_THAT(all(R"({"before":["web1"]})"), ElementsAre("/job"));
  EXPECT_THAT(all(R"({"id":["ccc"]})"), ElementsAre("/job"));
  EXPECT_EQ(ask("GET", R"(/containers/json?filters={"colour":["red"]})").message(), "invalid filter 'colour'");
  EXPECT_EQ(ask("GET", R"(/containers/json?filters={"status":["red"]})").status, 400);
  EXPECT_EQ(ask("GET", "/containers/json?filters=nonsense").status, 400);
  EXPECT_EQ(ask("GET", "/containers/json?limit=x").status, 400);
}

TEST_F(Routes, InspectsAContainer) {
  const auto reply = ask("GET", "/v1.51/containers/web1/json");
  ASSERT_EQ(reply.status, 200);
  const auto web = reply.value();
  EXPECT_EQ(web.at("Name"), "/web1");
  EXPECT_EQ(web.at("State").at("Pid"), 4711);
  EXPECT_EQ(web.at("State").at("FinishedAt"), "0001-01-01T00:00:00Z");
  EXPECT_TRUE(web.at("ExecIDs").is_null() && web.at("HostConfig").at("Binds").is_null() &&
              web.at("HostConfig").at("PidsLimit").is_null());
  EXPECT_EQ(web.at("HostConfig").at("RestartPolicy").at("Name"), "no");
  EXPECT_EQ(web.at("GraphDriver").at("Data").at("UpperDir"), "/data/upper");
  EXPECT_EQ(web.at("Config").at("Hostname"), "aaaaaaaaaaaa");
  EXPECT_EQ(json::serialize(web.at("Config").at("ExposedPorts")), R"({"80/tcp":{}})");
  const auto& settings = web.at("NetworkSettings");
  EXPECT_EQ(settings.at("SandboxKey"), "/run/netns/fl-bbbbbbbbbbbb");
  EXPECT_EQ(settings.at("IPAddress"), "172.17.0.2");
  EXPECT_EQ(settings.at("Gateway"), "172.17.0.1");
  EXPECT_EQ(settings.at("IPPrefixLen"), 16);
  EXPECT_EQ(settings.at("MacAddress"), "02:42:ac:11:00:02");
  EXPECT_TRUE(settings.at("Ports").at("80/tcp").is_null());
  const auto& bridge = settings.at("Networks").at("bridge");
  EXPECT_TRUE(bridge.at("DNSNames").is_null() && bridge.at("Aliases").is_null() && bridge.at("IPAMConfig").is_null());
  EXPECT_EQ(bridge.at("GwPriority"), 0);
  EXPECT_FALSE(ask("GET", "/v1.41/containers/web1/json")
                   .value()
                   .at("NetworkSettings")
                   .at("Networks")
                   .at("bridge")
                   .as_object()
                   .contains("GwPriority"));
  EXPECT_FALSE(web.as_object().contains("SizeRw"));
  EXPECT_TRUE(ask("GET", "/containers/web1/json?size=1").value().as_object().contains("SizeRw"));
  const auto missing = ask("GET", "/containers/nosuch/json");
  EXPECT_EQ(missing.status, 404);
  EXPECT_EQ(missing.message(), "No such container: nosuch");
}

TEST_F(Routes, CreatesAContainer) {
  const auto reply = ask("POST", "/v1.51/containers/create?name=/new", R"({"Image":"busybox","Cmd":["true"]})");
  EXPECT_EQ(reply.status, 201);
  EXPECT_EQ(json::serialize(reply.value()), R"({"Id":")" + std::string(64, 'c') + R"(","Warnings":[]})");
  EXPECT_THAT(calls(), ElementsAre("create /new"));  // the engine judges names, also the slash
  EXPECT_EQ(ask("POST", "/containers/create", "{").status, 400);
  EXPECT_EQ(ask("POST", "/containers/create",
                R"({"Image":"busybox","HostConfig":{"PortBindings":{"80/tcp":[{"HostPort":"80"}]}}})")
                .status,
            201);
  EXPECT_EQ(ask("POST", "/containers/create?platform=linux/arm64", R"({"Image":"busybox"})").status, 404);
}

TEST_F(Routes, ChangesPublishedPorts) {
  const auto* path = "/fairlead/containers/web1/ports";
  const auto reply = ask("POST", path, R"({"Publish":{"80/tcp":[{"HostPort":"8080"},{"HostPort":"8081"}]}})");
  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(json::serialize(reply.value()),
            R"({"Ports":{"80/tcp":null}})");  // the engine is a fake: nothing came of it
  EXPECT_EQ(ask("POST", path, R"({"Unpublish":{"80/tcp":[{}]}})").status, 200);
  EXPECT_THAT(calls(), ElementsAre("ports aaaaaaaaaaaa +2 -0", "ports aaaaaaaaaaaa +0 -1"));
  EXPECT_EQ(ask("POST", path, R"({"Publish":{"80/icmp":[{}]}})").status, 400);
  EXPECT_EQ(ask("POST", "/fairlead/containers/nosuch/ports", "{}").status, 404);
}

TEST_F(Routes, PassesLifeCommandsOn) {
  EXPECT_EQ(ask("POST", "/containers/web1/start").status, 204);
  EXPECT_EQ(ask("POST", "/containers/web1/stop?t=3&signal=SIGINT").status, 204);
  EXPECT_EQ(ask("POST", "/containers/web1/restart").status, 204);
  EXPECT_EQ(ask("POST", "/containers/web1/kill?signal=usr1").status, 204);
  EXPECT_EQ(ask("POST", "/containers/web1/kill").status, 204);
  EXPECT_EQ(ask("POST", "/containers/web1/rename?name=web2").status, 204);
  EXPECT_EQ(ask("DELETE", "/containers/web1?force=1&v=1").status, 204);
  EXPECT_THAT(calls(), ElementsAre("start aaaaaaaaaaaa", "stop aaaaaaaaaaaa t=3 signal=2",
                                   "restart aaaaaaaaaaaa t=-99 signal=0", "kill aaaaaaaaaaaa 10", "kill aaaaaaaaaaaa 9",
                                   "rename aaaaaaaaaaaa web2", "remove aaaaaaaaaaaa force=true volumes=true"));
  EXPECT_EQ(ask("POST", "/containers/web1/kill?signal=NOPE").message(), "invalid signal: NOPE");
  EXPECT_EQ(ask("POST", "/containers/web1/stop?t=soon").status, 400);
}

TEST_F(Routes, PrunesEndedContainers) {
  const auto reply = ask("POST", "/containers/prune");
  EXPECT_EQ(json::serialize(reply.value().at("ContainersDeleted")), R"([")" + std::string(64, 'c') + R"("])");
  EXPECT_THAT(calls(), ElementsAre("remove cccccccccccc force=false volumes=false"));
  EXPECT_TRUE(
      ask("POST", R"(/containers/prune?filters={"until":["2h50m"]})").value().at("ContainersDeleted").is_null());
}

TEST_F(Routes, ShowsNetworks) {
  const auto list = ask("GET", "/v1.51/networks").value();
  ASSERT_EQ(list.as_array().size(), 3u);
  EXPECT_TRUE(list.at(0).at("Containers").as_object().empty());
  EXPECT_EQ(list.at(0).at("EnableIPv4"), true);
  EXPECT_TRUE(list.at(1).at("IPAM").at("Config").is_null());
  EXPECT_FALSE(ask("GET", "/v1.27/networks").value().at(0).at("Containers").as_object().empty());
  EXPECT_FALSE(ask("GET", "/v1.47/networks").value().at(0).as_object().contains("EnableIPv4"));
  const auto bridge = ask("GET", "/networks/bridge").value();
  EXPECT_EQ(json::serialize(bridge.at("IPAM").at("Config")), R"([{"Subnet":"172.17.0.0/16","Gateway":"172.17.0.1"}])");
  const auto& web = bridge.at("Containers").at(std::string(64, 'a'));
  EXPECT_EQ(web.at("IPv4Address"), "172.17.0.2/16");
  EXPECT_EQ(web.at("Name"), "web1");
  EXPECT_EQ(ask("GET", R"(/networks?filters={"dangling":{"true":true}})").value().as_array().size(), 1u);
  EXPECT_EQ(ask("GET", R"(/networks?filters={"type":["builtin"]})").value().as_array().size(), 2u);
  EXPECT_EQ(ask("GET", R"(/networks?filters={"driver":["host"]})").value().at(0).at("Name"), "host");
  EXPECT_EQ(ask("GET", "/networks/nosuch").message(), "network nosuch not found");
}

TEST_F(Routes, ChangesNetworks) {
  const auto made = ask(
      "POST", "/networks/create",
      R"({"Name":"n","CheckDuplicate":true,"ConfigFrom":null,"EnableIPv4":null,"IPAM":{"Config":[{"Subnet":"10.1.0.0/24","AuxiliaryAddresses":null}]}})");
  EXPECT_EQ(made.status, 201);
  EXPECT_EQ(made.value().at("Warning"), "");
  const auto asked = door.on_engine([this] { return *door.service.created_network; });
  EXPECT_EQ(asked.driver, "bridge");
  EXPECT_TRUE(asked.ipv4);
  EXPECT_EQ(asked.pools.at(0).subnet, "10.1.0.0/24");
  EXPECT_EQ(ask("POST", "/networks/mynet/connect", R"({"Container":"web1","EndpointConfig":{"Aliases":["q"]}})").status,
            200);
  EXPECT_EQ(ask("POST", "/networks/mynet/connect",
                R"({"Container":"web1","EndpointConfig":{"IPAMConfig":{"IPv4Address":"x"}}})")
                .status,
            400);
  EXPECT_EQ(ask("POST", "/networks/mynet/disconnect", R"({"Container":"web1","Force":true})").status, 200);
  EXPECT_EQ(ask("DELETE", "/networks/mynet").status, 204);
  EXPECT_EQ(json::serialize(ask("POST", "/networks/prune").value()), R"({"NetworksDeleted":["mynet"]})");
}

TEST_F(Routes, ShowsImages) {
  const auto list = ask("GET", "/v1.51/images/json").value();
  ASSERT_EQ(list.as_array().size(), 2u);
  EXPECT_EQ(ask("GET", R"(/images/json?filters={"dangling":["true"]})").value().as_array().size(), 1u);
  EXPECT_EQ(ask("GET", R"(/images/json?filters={"reference":["busy*"]})").value().at(0).at("RepoTags").at(0),
            "busybox:latest");
  EXPECT_EQ(ask("GET", R"(/v1.40/images/json?filters={"dangling":["true"]})").value().at(0).at("RepoTags").at(0),
            "<none>:<none>");
  EXPECT_EQ(ask("GET", "/images/busybox/json").value().at("RootFS").at("Type"), "layers");
  const auto history = ask("GET", "/images/busybox:latest/history").value();
  EXPECT_EQ(history.at(0).at("CreatedBy"), "second");
  EXPECT_EQ(history.at(1).at("Id"), "<missing>");
  EXPECT_EQ(ask("GET", "/images/a/b/c/json").status, 404);
  EXPECT_EQ(ask("GET", "/images/search?term=x").status, 501);
}

TEST_F(Routes, ChangesImages) {
  const auto imported = ask("POST", "/images/create?fromSrc=-&repo=made&tag=one&changes=CMD%20sh", "a tar");
  EXPECT_EQ(imported.status, 200);
  EXPECT_THAT(imported.body, HasSubstr("{\"status\":\"sha256:aaaa"));
  EXPECT_EQ(ask("POST", "/images/create?fromSrc=-&repo=MADE", "a tar").status, 400);
  const auto loaded = ask("POST", "/images/load?quiet=1", "a tar");
  EXPECT_THAT(loaded.body, HasSubstr(R"({"stream":"Loaded image: busybox:latest\n"})"));
  EXPECT_EQ(ask("POST", "/images/create?fromImage=nosuch&tag=latest").message(), "cannot pull nosuch:latest");
  EXPECT_EQ(ask("POST", "/images/busybox/tag?repo=other&tag=v1").status, 201);
  EXPECT_EQ(json::serialize(ask("DELETE", "/images/busybox").value()), R"([{"Untagged":"busybox"}])");
  EXPECT_EQ(ask("DELETE", "/images/nosuch").status, 404);
  EXPECT_TRUE(ask("POST", "/images/prune").value().at("ImagesDeleted").is_null());
  EXPECT_THAT(events(), ElementsAre("image import", "image load", "image tag", "image untag", "image prune"));
}

TEST_F(Routes, KeepsVolumes) {
  EXPECT_EQ(ask("GET", "/volumes").value().at("Volumes").as_array().size(), 2u);
  EXPECT_EQ(ask("GET", R"(/volumes?filters={"dangling":{"true":true}})").value().at("Volumes").at(0).at("Name"),
            "spare");
  const auto made = ask("POST", "/volumes/create", R"({"Driver":"local"})");
  EXPECT_EQ(made.status, 201);
  EXPECT_EQ(made.value().at("Name").as_string().size(), 64u);
  EXPECT_EQ(ask("POST", "/volumes/create", R"({"Name":"a/b"})").status, 400);
  EXPECT_EQ(ask("GET", "/volumes/nosuch").message(), "get nosuch: no such volume");
  const auto used = ask("DELETE", "/volumes/data");
  EXPECT_EQ(used.status, 409);
  EXPECT_EQ(used.message(), "remove data: volume is in use - [" + std::string(64, 'a') + "]");
  EXPECT_EQ(json::serialize(ask("POST", "/v1.51/volumes/prune").value().at("VolumesDeleted")),
            R"([")" + json::value_to<std::string>(made.value().at("Name")) + R"("])");
  EXPECT_EQ(
      json::serialize(ask("POST", R"(/v1.51/volumes/prune?filters={"all":["true"]})").value().at("VolumesDeleted")),
      R"(["spare"])");
  EXPECT_EQ(ask("DELETE", "/volumes/spare?force=1").status, 204);
  EXPECT_EQ(ask("DELETE", "/volumes/spare").status, 404);
}

}  // namespace
}  // namespace fairlead::docker
