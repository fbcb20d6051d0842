#pragma once
/// What a container was asked to be: Docker's Config, HostConfig and NetworkingConfig as typed values.
#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/ip.h"

namespace fairlead::ports {

/// `host_port` 0 asks for any free port; `host_ip` empty means every address of both families.
struct PortBinding {
  std::uint16_t container_port = 0;
  std::string protocol = "tcp";
  std::string host_ip;
  std::uint16_t host_port = 0;
  std::uint16_t host_port_end = 0;  ///< of a range to choose from; 0 = just `host_port`
  auto operator<=>(const PortBinding&) const = default;
};

struct RestartPolicy {
  enum class Kind { no, always, unless_stopped, on_failure } kind = Kind::no;
  int max_retries = 0;  ///< on_failure only; 0 is no limit
  bool operator==(const RestartPolicy&) const = default;
};

/// One entry of `--mount`/HostConfig.Mounts, and what `-v` and `--tmpfs` become.
struct MountRequest {
  enum class Kind { bind, volume, tmpfs } kind = Kind::bind;
  std::string source;  ///< host path, volume name (empty: anonymous), unused for tmpfs
  std::string target;  ///< absolute path inside
  bool read_only = false;
  std::string options;         ///< further comma-separated options as given (`rshared`, `size=64m`, …)
  bool create_source = false;  ///< `-v` makes a missing host directory; `--mount` refuses
  bool no_copy = false;        ///< a new volume is not filled from the image
  bool operator==(const MountRequest&) const = default;
};

struct Ulimit {
  std::string name;
  std::int64_t soft = 0, hard = 0;
  bool operator==(const Ulimit&) const = default;
};

struct DeviceRequest {
  std::string host_path, container_path, permissions = "rwm";
  bool operator==(const DeviceRequest&) const = default;
};

/// Zero or empty leaves the kernel's default.
struct ResourceLimits {
  std::int64_t memory = 0, memory_swap = 0, memory_reservation = 0;           ///< bytes; memory_swap -1 is unlimited
  std::int64_t nano_cpus = 0, cpu_shares = 0, cpu_period = 0, cpu_quota = 0;  ///< 1e-9 CPUs; weight; µs; µs
  std::string cpuset_cpus, cpuset_mems;
  std::int64_t pids = 0;  ///< -1 is unlimited
  std::int64_t blkio_weight = 0;
  bool oom_kill_disable = false;
  bool operator==(const ResourceLimits&) const = default;
};

/// What is asked of one network at create or connect.
struct EndpointRequest {
  std::string network;  ///< name or id as the user gave it
  std::optional<base::Ip> ipv4, ipv6;
  std::vector<base::Ip> link_local;
  std::optional<base::Mac> mac;
  std::vector<std::string> aliases, links;
  std::map<std::string, std::string> driver_opts;
  int gw_priority = 0;
  bool operator==(const EndpointRequest&) const = default;
};

/// Config: what an image can also give (see `merge_image` in the engine).
struct ProcessSpec {
  std::string user, working_dir;
  std::vector<std::string> env;
  std::optional<std::vector<std::string>> entrypoint, cmd;
  bool tty = false, open_stdin = false, stdin_once = false;
  bool attach_stdin = false, attach_stdout = false, attach_stderr = false;
  bool operator==(const ProcessSpec&) const = default;
};

struct ContainerSpec {
  std::string image;  ///< as the user gave it
  ProcessSpec process;
  std::string hostname, domainname, stop_signal;
  std::optional<int> stop_timeout;  ///< seconds
  std::map<std::string, std::string> labels;
  std::vector<std::string> exposed_ports;      ///< `80/tcp`
  std::vector<std::string> anonymous_volumes;  ///< Config.Volumes: paths inside
  std::optional<base::Mac> mac;                ///< Config.MacAddress

  std::string network_mode = "bridge";     ///< bridge, host, none, container:X or a network's name
  std::vector<EndpointRequest> endpoints;  ///< first is the one of `network_mode`; may be empty
  std::vector<PortBinding> port_bindings;
  bool publish_all = false;
  std::vector<std::string> dns, dns_options, dns_search, extra_hosts, links;

  std::vector<std::string> binds;    ///< as given with -v, for inspect; `mounts` is what counts
  std::vector<MountRequest> mounts;  ///< from -v, --mount and --tmpfs, parsed
  std::vector<std::string> volumes_from;
  std::string volume_driver;
  RestartPolicy restart;
  bool auto_remove = false, privileged = false, read_only_root = false, oom_score_adj_set = false;
  std::optional<bool> init;
  int oom_score_adj = 0;
  std::vector<std::string> cap_add, cap_drop, group_add, security_opt;
  std::map<std::string, std::string> sysctls, tmpfs, log_options, annotations;
  std::string log_driver = "json-file", runtime, cgroup_parent;
  std::string ipc_mode = "private", pid_mode, uts_mode, userns_mode, cgroupns_mode;
  std::int64_t shm_size = 64 << 20;  ///< bytes
  std::vector<Ulimit> ulimits;
  std::vector<DeviceRequest> devices;
  ResourceLimits resources;
  std::optional<std::vector<std::string>> masked_paths, readonly_paths;
  std::uint32_t console_height = 0, console_width = 0;

  bool operator==(const ContainerSpec&) const = default;
};

}  // namespace fairlead::ports
