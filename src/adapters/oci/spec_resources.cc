#include <fmt/format.h>

#include "adapters/oci/spec_parts.h"

namespace fairlead::oci {
namespace {

namespace json = boost::json;
using base::ErrorKind;

constexpr std::int64_t kPeriod = 100000;  ///< µs: Docker's and the kernel's

std::unexpected<base::Error> lacking(std::string_view what, std::string_view option) {
  return base::fail(ErrorKind::invalid, fmt::format("this host's cgroups have no {}, which {} needs", what, option));
}

base::Result<json::object> memory(const ports::ResourceLimits& asked, const CgroupHost& host) {
  json::object out;
  const bool any =
      asked.memory != 0 || asked.memory_swap != 0 || asked.memory_reservation != 0 || asked.oom_kill_disable;
  if (!any) return out;
  if (!host.has("memory")) return lacking("memory controller", "--memory");
  if (asked.memory != 0) out["limit"] = asked.memory;
  if (asked.memory_reservation != 0) out["reservation"] = asked.memory_reservation;
  if (asked.memory_swap != 0 && !host.swap) return lacking("accounting of swap", "--memory-swap");
  if (asked.memory_swap != 0)
    out["swap"] = asked.memory_swap;
  else if (asked.memory > 0 && host.swap)
    out["swap"] = asked.memory * 2;
  if (asked.oom_kill_disable) {
    if (!host.oom_control) return lacking("switch for the OOM killer", "--oom-kill-disable");
    out["disableOOMKiller"] = true;
  }
  return out;
}

base::Result<json::object> cpu(const ports::ResourceLimits& asked, const CgroupHost& host) {
  json::object out;
  const bool quota = asked.nano_cpus != 0 || asked.cpu_quota != 0 || asked.cpu_period != 0;
  if ((quota || asked.cpu_shares != 0) && !host.has("cpu")) return lacking("cpu controller", "--cpus or --cpu-shares");
  if (quota && !host.cpu_quota) return lacking("CPU bandwidth limit", "--cpus");
  if ((!asked.cpuset_cpus.empty() || !asked.cpuset_mems.empty()) && !host.has("cpuset"))
    return lacking("cpuset controller", "--cpuset-cpus");
  if (asked.cpu_shares != 0) out["shares"] = asked.cpu_shares;
  if (asked.nano_cpus != 0) {
    out["period"] = kPeriod;
    out["quota"] = asked.nano_cpus * kPeriod / 1'000'000'000;
  }
  if (asked.cpu_period != 0) out["period"] = asked.cpu_period;
  if (asked.cpu_quota != 0) out["quota"] = asked.cpu_quota;
  if (!asked.cpuset_cpus.empty()) out["cpus"] = asked.cpuset_cpus;
  if (!asked.cpuset_mems.empty()) out["mems"] = asked.cpuset_mems;
  return out;
}

json::array device_rights(const SpecInput& input) {
  if (input.launch->spec.privileged) return {json::object{{"allow", true}, {"access", "rwm"}}};
  // The runtime adds the harmless ones (null, zero, tty, …) by itself.
  json::array rights{json::object{{"allow", false}, {"access", "rwm"}}};
  for (const auto& device : input.devices)
    rights.push_back({{"allow", true},
                      {"type", std::string(1, device.type)},
                      {"major", device.major},
                      {"minor", device.minor},
                      {"access", device.access}});
  return rights;
}

}  // namespace

base::Result<json::object> spec_resources(const SpecInput& input) {
  const auto& asked = input.launch->spec.resources;
  json::object out;
  out["devices"] = device_rights(input);
  auto memory_part = memory(asked, input.cgroups);
  if (!memory_part) return memory_part;
  auto cpu_part = cpu(asked, input.cgroups);
  if (!cpu_part) return cpu_part;
  if (!memory_part->empty()) out["memory"] = std::move(*memory_part);
  if (!cpu_part->empty()) out["cpu"] = std::move(*cpu_part);
  if (asked.pids != 0) {
    if (!input.cgroups.has("pids")) return lacking("pids controller", "--pids-limit");
    out["pids"] = {{"limit", asked.pids}};
  }
  if (asked.blkio_weight != 0) {
    if (!input.cgroups.blkio_weight) return lacking("weight of block I/O", "--blkio-weight");
    out["blockIO"] = {{"weight", asked.blkio_weight}};
  }
  return out;
}

}  // namespace fairlead::oci
