#include "doors/docker/json_system.h"

#include <fmt/format.h>
#include <sys/utsname.h>

#include "base/log.h"
#include "doors/docker/json_fields.h"
#include "wire/docker_target.h"

namespace fairlead::docker {
namespace {

namespace json = boost::json;

/// Go's names of architectures, which clients compare images with.
std::string go_arch(std::string_view machine) {
  if (machine == "x86_64") return "amd64";
  if (machine == "aarch64") return "arm64";
  return std::string(machine);
}

void put_counts(json::object& info, const engine::State& state) {
  int running = 0;
  for (const auto& [id, container] : state.containers()) running += container->phase == engine::Phase::running;
  const auto all = static_cast<int>(state.containers().size());
  info["Containers"] = all;
  info["ContainersRunning"] = running;
  info["ContainersPaused"] = 0;
  info["ContainersStopped"] = all - running;
}

void put_host(json::object& info, const HostInfo& host) {
  info["MemoryLimit"] = host.memory_limit;
  info["SwapLimit"] = host.swap_limit;
  info["CpuCfsPeriod"] = info["CpuCfsQuota"] = info["CPUShares"] = host.cpu_quota;
  info["CPUSet"] = host.cpuset;
  info["PidsLimit"] = host.pids_limit;
  info["OomKillDisable"] = host.cgroup_version == "1" && host.memory_limit;
  info["IPv4Forwarding"] = host.ipv4_forwarding;
  info["BridgeNfIptables"] = host.bridge_nf_iptables;
  info["BridgeNfIp6tables"] = host.bridge_nf_ip6tables;
  info["CgroupDriver"] = host.cgroup_driver;
  info["CgroupVersion"] = host.cgroup_version;
  info["KernelVersion"] = host.kernel;
  info["OperatingSystem"] = host.os;
  info["OSVersion"] = host.os_version;
  info["OSType"] = "linux";
  info["Architecture"] = host.machine;
  info["NCPU"] = host.cpus;
  info["MemTotal"] = host.memory;
  info["Name"] = host.hostname;
}

void put_settings(json::object& info, const engine::Settings& settings) {
  json::object runtimes;
  for (const auto& [name, path] : settings.runtimes) runtimes[name] = json::object{{"path", path}};
  if (!settings.runtimes.contains(settings.default_runtime))
    runtimes[settings.default_runtime] = json::object{{"path", settings.default_runtime}};
  info["Runtimes"] = std::move(runtimes);
  info["DefaultRuntime"] = settings.default_runtime;
  info["DockerRootDir"] = settings.data_root;
  info["Debug"] = settings.debug;
  info["Labels"] = list_of(settings.labels);
  info["ServerVersion"] = settings.version;
  json::array pools;
  for (const auto& pool : settings.address_pools)
    pools.push_back(json::object{{"Base", pool.base.text()}, {"Size", pool.size}});
  if (!pools.empty()) info["DefaultAddressPools"] = std::move(pools);
}

json::object plugins() {
  return {{"Volume", json::array{"local"}},
          {"Network", json::array{"bridge", "host", "null"}},
          {"Authorization", nullptr},
          {"Log", json::array{"json-file", "none"}}};
}

/// A swarm that this node is not in.
json::object no_swarm() {
  return {{"NodeID", ""}, {"NodeAddr", ""},           {"LocalNodeState", "inactive"}, {"ControlAvailable", false},
          {"Error", ""},  {"RemoteManagers", nullptr}};
}

}  // namespace

json::value version_json(const engine::Settings& settings) {
  utsname name{};
  uname(&name);
  const auto newest = fmt::format("1.{}", wire::docker_api_newest),
             oldest = fmt::format("1.{}", wire::docker_api_oldest);
  const auto arch = go_arch(name.machine);
  json::object details{{"ApiVersion", newest},
                       {"Arch", arch},
                       {"Experimental", "false"},
                       {"GitCommit", settings.git_commit},
                       {"KernelVersion", name.release},
                       {"MinAPIVersion", oldest},
                       {"Os", "linux"}};
  return json::object{{"Platform", json::object{{"Name", "fairlead"}}},
                      {"Components", json::array{json::object{
                                         {"Name", "Engine"}, {"Version", settings.version}, {"Details", details}}}},
                      {"Version", settings.version},
                      {"ApiVersion", newest},
                      {"MinAPIVersion", oldest},
                      {"GitCommit", settings.git_commit},
                      {"GoVersion", ""},
                      {"Os", "linux"},
                      {"Arch", arch},
                      {"KernelVersion", name.release},
                      {"BuildTime", ""}};
}

json::value info_json(const engine::State& state, const HostInfo& host, std::size_t images, ports::Time now) {
  json::object info;
  put_counts(info, state);
  info["Images"] = images;
  info["Driver"] = "overlay2";
  info["DriverStatus"] = json::array(1, json::array{"Backing", "overlayfs"});
  info["Plugins"] = plugins();
  put_host(info, host);
  put_settings(info, state.settings());
  info["ID"] = host.hostname;
  info["SystemTime"] = ports::rfc3339(now);
  info["LoggingDriver"] = "json-file";
  info["IndexServerAddress"] = "https://index.docker.io/v1/";
  info["RegistryConfig"] = json::object{
      {"InsecureRegistryCIDRs", json::array{}}, {"IndexConfigs", json::object{}}, {"Mirrors", json::array{}}};
  info["Swarm"] = no_swarm();
  info["LiveRestoreEnabled"] = true;
  info["Isolation"] = "";
  info["InitBinary"] = "";
  for (const char* program : {"ContainerdCommit", "RuncCommit", "InitCommit"}) info[program] = json::object{{"ID", ""}};
  info["SecurityOptions"] = json::array{"name=seccomp,profile=builtin"};
  info["Experimental"] = false;
  info["HttpProxy"] = info["HttpsProxy"] = info["NoProxy"] = "";
  info["GenericResources"] = nullptr;
  info["Warnings"] = nullptr;
  info["NGoroutines"] = info["NFd"] = info["NEventsListener"] = 0;
  return info;
}

}  // namespace fairlead::docker
