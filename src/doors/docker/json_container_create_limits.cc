#include <fmt/format.h>

#include <algorithm>

#include "doors/docker/json_container_create_parts.h"

namespace fairlead::docker {

namespace {

constexpr std::int64_t kLeastMemory = 6 << 20;  // what Docker holds to be the least that a runtime can start in
constexpr std::string_view kUlimits[] = {"core",    "cpu",      "data",   "fsize",      "locks",
                                         "memlock", "msgqueue", "nice",   "nofile",     "nproc",
                                         "rss",     "rtprio",   "rttime", "sigpending", "stack"};

void check_memory(const Fields& host, ports::ResourceLimits& limits) {
  if (limits.memory < 0 || limits.memory_reservation < 0) refuse(host, "Invalid memory limit: it must not be negative");
  if (limits.memory != 0 && limits.memory < kLeastMemory) refuse(host, "Minimum memory limit allowed is 6MB");
  if (limits.memory > 0 && limits.memory_swap > 0 && limits.memory_swap < limits.memory) {
    refuse(host, "Minimum memoryswap limit should be larger than memory limit, see usage");
  }
  if (limits.memory == 0 && limits.memory_swap > 0) {
    refuse(host, "You should always set the Memory limit when using Memoryswap limit, see usage");
  }
  if (limits.memory_reservation > 0 && limits.memory_reservation < kLeastMemory) {
    refuse(host, "Minimum memory reservation allowed is 6MB");
  }
  if (limits.memory > 0 && limits.memory_reservation > limits.memory) {
    refuse(host, "Minimum memory limit can not be less than memory reservation limit, see usage");
  }
}

void check_cpu(const Fields& host, const ports::ResourceLimits& limits) {
  if (limits.nano_cpus < 0) refuse(host, "NanoCPUs can not be negative");
  if (limits.nano_cpus > 0 && limits.cpu_period > 0) {
    refuse(host, "Conflicting options: Nano CPUs and CPU Period cannot both be set.");
  }
  if (limits.nano_cpus > 0 && limits.cpu_quota > 0) {
    refuse(host, "Conflicting options: Nano CPUs and CPU Quota cannot both be set.");
  }
  if (limits.cpu_shares < 0)
    refuse(host, fmt::format("invalid CPU shares ({}): value must be a positive integer", limits.cpu_shares));
  if (limits.cpu_period != 0 && (limits.cpu_period < 1000 || limits.cpu_period > 1000000)) {
    refuse(host, "CPU cfs period can not be less than 1ms (i.e. 1000) or larger than 1s (i.e. 1000000)");
  }
  if (limits.cpu_quota > 0 && limits.cpu_quota < 1000)
    refuse(host, "CPU cfs quota can not be less than 1ms (i.e. 1000)");
  for (const auto& set : {limits.cpuset_cpus, limits.cpuset_mems}) {
    if (set.find_first_not_of("0123456789,-") != std::string::npos) {
      refuse(host, fmt::format("Invalid value {0} for cpuset", set));
    }
  }
}

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
  check_memory(host, limits);
  // Docker's rule: memory alone allows as much swap again.
  if (limits.memory > 0 && limits.memory_swap == 0 && limits.memory <= INT64_MAX / 2)
    limits.memory_swap = limits.memory * 2;
  check_cpu(host, limits);
  if (limits.blkio_weight != 0 && (limits.blkio_weight < 10 || limits.blkio_weight > 1000)) {
    refuse(host, "Range of blkio weight is from 10 to 1000");
  }
  const std::int64_t shm_size = host.number("ShmSize");
  if (shm_size < 0) refuse(host, "SHM size can not be less than 0");
  if (shm_size > 0) request.spec.shm_size = shm_size;
  read_ulimits(host, request.spec);
  read_devices(host, request.spec);
  read_absent(host, request);
}

}  // namespace fairlead::docker
