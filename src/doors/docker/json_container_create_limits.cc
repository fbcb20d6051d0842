#include <fmt/format.h>

#include <algorithm>

#include "doors/docker/json_container_create_parts.h"

namespace fairlead::docker {

namespace {

constexpr std::string_view kUlimits[] = {"core",    "cpu",      "data",   "fsize",      "locks",
                                         "memlock", "msgqueue", "nice",   "nofile",     "nproc",
                                         "rss",     "rtprio",   "rttime", "sigpending", "stack"};

void read_ulimits(const Fields& host, ports::ContainerSpec& spec) {
  for (const Fields& entry : host.objects("Ulimits")) {
    ports::Ulimit limit{entry.text("Name"), entry.number("Soft"), entry.number("Hard")};
    if (std::ranges::find(kUlimits, limit.name) == std::end(kUlimits)) {
      refuse(host, "invalid ulimit type: " + limit.name);
    } else if (limit.hard != -1 && (limit.soft == -1 || limit.soft > limit.hard)) {
      refuse(host, fmt::format("ulimit soft limit must be less than or equal to hard limit: {} > {}", limit.soft,
                               limit.hard));
    }
    spec.ulimits.push_back(std::move(limit));
  }
}

void read_devices(const Fields& host, ports::ContainerSpec& spec) {
  for (const Fields& entry : host.objects("Devices")) {
    ports::DeviceRequest device{entry.text("PathOnHost"), entry.text("PathInContainer"),
                                entry.text("CgroupPermissions")};
    if (device.container_path.empty()) device.container_path = device.host_path;
    if (device.permissions.empty()) device.permissions = "rwm";
    if (device.host_path.empty() || device.container_path[0] != '/' ||
        device.permissions.find_first_not_of("rwm") != std::string::npos) {
      refuse(host, fmt::format("invalid device specification: {}:{}:{}", device.host_path, device.container_path,
                               device.permissions));
    }
    spec.devices.push_back(std::move(device));
  }
}

bool has_items(const Fields& host, std::string_view field) {
  const boost::json::value* value = host.find(field);
  return value != nullptr &&
         ((value->is_array() && !value->get_array().empty()) || (value->is_object() && !value->get_object().empty()));
}

/// What would silently make another container of it.
void read_absent(const Fields& host, CreateRequest& request) {
  if (has_items(host, "DeviceRequests")) lack(host, "a device request (--gpus)");
  if (has_items(host, "DeviceCgroupRules")) lack(host, "a device cgroup rule");
  if (has_items(host, "StorageOpt")) lack(host, "a storage option");
  for (const char* field : {"BlkioWeightDevice", "BlkioDeviceReadBps", "BlkioDeviceWriteBps", "BlkioDeviceReadIOps",
                            "BlkioDeviceWriteIOps"}) {
    if (has_items(host, field)) lack(host, fmt::format("a block I/O limit of one device ({})", field));
  }
  if (host.number("CpuRealtimePeriod") != 0 || host.number("CpuRealtimeRuntime") != 0)
    lack(host, "real-time CPU scheduling");
  if (host.number("MemorySwappiness", -1) != -1) {
    request.warnings.emplace_back(
        "Your kernel does not support memory swappiness capabilities or the cgroup is not mounted. Memory swappiness "
        "discarded.");
  }
}

}  // namespace

void read_limits(const Fields& host, CreateRequest& request) {
  ports::ResourceLimits& limits = request.spec.resources;
  limits.memory = host.number("Memory");
  limits.memory_swap = host.number("MemorySwap");
  limits.memory_reservation = host.number("MemoryReservation");
  limits.nano_cpus = host.number("NanoCpus");
  limits.cpu_shares = host.number("CpuShares");
  limits.cpu_period = host.number("CpuPeriod");
  limits.cpu_quota = host.number("CpuQuota");
  limits.cpuset_cpus = host.text("CpusetCpus");
  limits.cpuset_mems = host.text("CpusetMems");
  limits.pids = std::max<std::int64_t>(-1, host.number("PidsLimit"));
  limits.blkio_weight = host.number("BlkioWeight");
  limits.oom_kill_disable = host.flag("OomKillDisable");
  if (const auto size = host.number("ShmSize"); size != 0) request.spec.shm_size = size;
  read_ulimits(host, request.spec);
  read_devices(host, request.spec);
  read_absent(host, request);
}

}  // namespace fairlead::docker
