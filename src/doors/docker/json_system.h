#pragma once
#include <boost/json.hpp>

#include "engine/service.h"

namespace fairlead::docker {

/// The answer to GET /version.
boost::json::value version_json(const engine::Settings& settings);

/// The host as /info shows it; read from /proc and sysinfo(2). Blocking, short.
struct HostInfo {
  std::string kernel, os, os_version, machine, hostname, cgroup_version, cgroup_driver;
  std::int64_t memory = 0;  ///< bytes
  int cpus = 0;
  bool memory_limit = false, swap_limit = false, cpu_quota = false, cpuset = false, pids_limit = false;
  bool bridge_nf_iptables = false, bridge_nf_ip6tables = false, ipv4_forwarding = false;
};
HostInfo read_host();

/// The answer to GET /info.
boost::json::value info_json(const engine::State& state, const HostInfo& host, std::size_t images, ports::Time now);

}  // namespace fairlead::docker
