#include "doors/docker/json_host_config.h"

#include "doors/docker/json_fields.h"
#include "doors/docker/json_mounts.h"
#include "doors/docker/json_ports.h"

namespace fairlead::docker {
namespace json = boost::json;

namespace {

std::string_view policy_name(ports::RestartPolicy::Kind kind) {
  using Kind = ports::RestartPolicy::Kind;
  switch (kind) {
    case Kind::no:
      return "no";
    case Kind::always:
      return "always";
    case Kind::unless_stopped:
      return "unless-stopped";
    case Kind::on_failure:
      return "on-failure";
  }
  return "no";
}

void add_basics(json::object& config, const engine::Container& container) {
  const ports::ContainerSpec& spec = container.spec;
  config["Binds"] = list_or_null(spec.binds);
  config["ContainerIDFile"] = "";
  config["LogConfig"] = {{"Type", spec.log_driver}, {"Config", object_of(spec.log_options)}};
  config["NetworkMode"] = container.joined ? "container:" + container.joined->text() : spec.network_mode;
  config["PortBindings"] = bindings_map(spec.port_bindings);
  config["RestartPolicy"] = {{"Name", policy_name(spec.restart.kind)}, {"MaximumRetryCount", spec.restart.max_retries}};
  config["AutoRemove"] = spec.auto_remove;
  config["VolumeDriver"] = spec.volume_driver;
  config["VolumesFrom"] = list_or_null(spec.volumes_from);
  config["ConsoleSize"] = json::array{spec.console_height, spec.console_width};
  if (!spec.annotations.empty()) config["Annotations"] = object_of(spec.annotations);
  config["CapAdd"] = list_or_null(spec.cap_add);
  config["CapDrop"] = list_or_null(spec.cap_drop);
  config["CgroupnsMode"] = spec.cgroupns_mode.empty() ? "private" : spec.cgroupns_mode;
  config["Dns"] = list_of(spec.dns);
  config["DnsOptions"] = list_of(spec.dns_options);
  config["DnsSearch"] = list_of(spec.dns_search);
  config["ExtraHosts"] = list_or_null(spec.extra_hosts);
  config["GroupAdd"] = list_or_null(spec.group_add);
}

void add_isolation(json::object& config, const ports::ContainerSpec& spec) {
  config["IpcMode"] = spec.ipc_mode;
  config["Cgroup"] = "";
  config["Links"] = list_or_null(spec.links);
  config["OomScoreAdj"] = spec.oom_score_adj;
  config["PidMode"] = spec.pid_mode;
  config["Privileged"] = spec.privileged;
  config["PublishAllPorts"] = spec.publish_all;
  config["ReadonlyRootfs"] = spec.read_only_root;
  config["SecurityOpt"] = list_or_null(spec.security_opt);
  if (!spec.tmpfs.empty()) config["Tmpfs"] = object_of(spec.tmpfs);
  config["UTSMode"] = spec.uts_mode;
  config["UsernsMode"] = spec.userns_mode;
  config["ShmSize"] = spec.shm_size;
  if (!spec.sysctls.empty()) config["Sysctls"] = object_of(spec.sysctls);
  config["Isolation"] = "";
}

void add_limits(json::object& config, const ports::ContainerSpec& spec) {
  const ports::ResourceLimits& limits = spec.resources;
  config["CpuShares"] = limits.cpu_shares;
  config["Memory"] = limits.memory;
  config["NanoCpus"] = limits.nano_cpus;
  config["CgroupParent"] = spec.cgroup_parent;
  config["BlkioWeight"] = limits.blkio_weight;
  for (const char* none : {"BlkioWeightDevice", "BlkioDeviceReadBps", "BlkioDeviceWriteBps", "BlkioDeviceReadIOps",
                           "BlkioDeviceWriteIOps"}) {
    config[none] = json::array();
  }
  config["CpuPeriod"] = limits.cpu_period;
  config["CpuQuota"] = limits.cpu_quota;
  config["CpuRealtimePeriod"] = 0;
  config["CpuRealtimeRuntime"] = 0;
  config["CpusetCpus"] = limits.cpuset_cpus;
  config["CpusetMems"] = limits.cpuset_mems;
  json::array devices;
  for (const auto& device : spec.devices) {
    devices.push_back({{"PathOnHost", device.host_path},
                       {"PathInContainer", device.container_path},
                       {"CgroupPermissions", device.permissions}});
  }
  config["Devices"] = std::move(devices);
  config["DeviceCgroupRules"] = nullptr;
  config["DeviceRequests"] = nullptr;
  config["MemoryReservation"] = limits.memory_reservation;
  config["MemorySwap"] = limits.memory_swap;
  config["MemorySwappiness"] = nullptr;
  config["OomKillDisable"] = limits.oom_kill_disable;
  config["PidsLimit"] = limits.pids == 0 ? json::value(nullptr) : json::value(limits.pids);
  json::array ulimits;
  for (const auto& limit : spec.ulimits)
    ulimits.push_back({{"Name", limit.name}, {"Hard", limit.hard}, {"Soft", limit.soft}});
  config["Ulimits"] = std::move(ulimits);
  for (const char* windows : {"CpuCount", "CpuPercent", "IOMaximumIOps", "IOMaximumBandwidth"}) config[windows] = 0;
}

/// What the runtime hides and protects where nothing else was asked: Docker's lists.
json::array masked_by_default() {
  return {"/proc/asound",      "/proc/acpi",          "/proc/interrupts", "/proc/kcore",
          "/proc/keys",        "/proc/latency_stats", "/proc/timer_list", "/proc/timer_stats",
          "/proc/sched_debug", "/proc/scsi",          "/sys/firmware",    "/sys/devices/virtual/powercap"};
}

json::array readonly_by_default() {
  return {"/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"};
}

}  // namespace

json::object host_config(const engine::State& state, const engine::Container& container) {
  const ports::ContainerSpec& spec = container.spec;
  json::object config;
  add_basics(config, container);
  add_isolation(config, spec);
  config["Runtime"] = spec.runtime.empty() ? state.settings().default_runtime : spec.runtime;
  add_limits(config, spec);
  if (json::value mounts = asked_mounts(state, container); !mounts.is_null()) config["Mounts"] = std::move(mounts);
  const auto paths = [&](const std::optional<std::vector<std::string>>& given, const json::array& otherwise) {
    if (given) return json::value(list_of(*given));
    return spec.privileged ? json::value(nullptr) : json::value(otherwise);
  };
  config["MaskedPaths"] = paths(spec.masked_paths, masked_by_default());
  config["ReadonlyPaths"] = paths(spec.readonly_paths, readonly_by_default());
  if (spec.init) config["Init"] = *spec.init;
  return config;
}

}  // namespace fairlead::docker
