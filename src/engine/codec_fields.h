#pragma once
/// Which fields each record has in the store, and under what names. The names are for ever: older records carry them.
#include <array>
#include <concepts>
#include <type_traits>

#include "engine/records.h"

namespace fairlead::engine::codec {

template <class Given, class Wanted>
concept Is = std::same_as<std::remove_const_t<Given>, Wanted>;

inline const std::array<const char*, 5>& words_of(Driver) {
  static constexpr std::array words = {"bridge", "host", "null", "macvlan", "ipvlan"};
  return words;
}
inline const std::array<const char*, 4>& words_of(ports::MacvlanMode) {
  static constexpr std::array words = {"bridge", "private", "vepa", "passthru"};
  return words;
}
inline const std::array<const char*, 3>& words_of(ports::IpvlanMode) {
  static constexpr std::array words = {"l2", "l3", "l3s"};
  return words;
}
inline const std::array<const char*, 3>& words_of(ports::IpvlanFlag) {
  static constexpr std::array words = {"bridge", "private", "vepa"};
  return words;
}
inline const std::array<const char*, 3>& words_of(ParentLink::Origin) {
  static constexpr std::array words = {"found", "vlan", "isolated"};
  return words;
}
inline const std::array<const char*, 4>& words_of(ParentLink::Health) {
  static constexpr std::array words = {"up", "down", "missing", "no-carrier"};
  return words;
}
inline const std::array<const char*, 4>& words_of(GatewayMode) {
  static constexpr std::array words = {"nat", "nat-unprotected", "routed", "isolated"};
  return words;
}
inline const std::array<const char*, 7>& words_of(Phase) {
  static constexpr std::array words = {"created", "starting", "running", "exited", "restarting", "removing", "dead"};
  return words;
}
inline const std::array<const char*, 4>& words_of(ports::RestartPolicy::Kind) {
  static constexpr std::array words = {"no", "always", "unless-stopped", "on-failure"};
  return words;
}
inline const std::array<const char*, 3>& words_of(ports::MountRequest::Kind) {
  static constexpr std::array words = {"bind", "volume", "tmpfs"};
  return words;
}

// clang-format off
template <Is<Subnet> T, class F> void each_field(T& r, F f) {
  f("prefix", r.prefix); f("range", r.range); f("gateway", r.gateway); f("auxiliary", r.auxiliary); f("asked", r.asked);
  f("cursor", r.cursor);
}
template <Is<ParentLink> T, class F> void each_field(T& r, F f) {
  f("name", r.name); f("origin", r.origin); f("base", r.base); f("vlan_id", r.vlan_id); f("mac", r.mac);
  f("macvlan", r.macvlan); f("ipvlan", r.ipvlan); f("ipvlan_flag", r.ipvlan_flag); f("host_access", r.host_access);
  f("health", r.health);
}
template <Is<Network> T, class F> void each_field(T& r, F f) {
  f("id", r.id); f("name", r.name); f("driver", r.driver); f("created", r.created); f("predefined", r.predefined);
  f("internal", r.internal); f("attachable", r.attachable); f("ipv4", r.ipv4); f("ipv6", r.ipv6); f("subnets", r.subnets);
  f("options", r.options); f("labels", r.labels); f("bridge", r.bridge); f("foreign_bridge", r.foreign_bridge);
  f("mtu", r.mtu); f("icc", r.icc); f("masquerade", r.masquerade); f("config_only", r.config_only);
  f("config_from", r.config_from); f("ipam_options", r.ipam_options); f("inhibit_ipv4", r.inhibit_ipv4);
  f("mode_ipv4", r.mode_ipv4); f("mode_ipv6", r.mode_ipv6); f("source_ipv4", r.source_ipv4); f("source_ipv6", r.source_ipv6);
  f("interface_prefix", r.interface_prefix); f("trusted_interfaces", r.trusted_interfaces); f("parent", r.parent);
}
template <Is<Endpoint> T, class F> void each_field(T& r, F f) {
  f("id", r.id); f("ipv4", r.ipv4); f("ipv6", r.ipv6); f("mac", r.mac); f("interface", r.interface); f("host_link", r.host_link);
}
template <Is<ports::EndpointRequest> T, class F> void each_field(T& r, F f) {
  f("network", r.network); f("ipv4", r.ipv4); f("ipv6", r.ipv6); f("link_local", r.link_local); f("mac", r.mac);
  f("aliases", r.aliases); f("links", r.links); f("driver_opts", r.driver_opts); f("gw_priority", r.gw_priority);
}
template <Is<Attachment> T, class F> void each_field(T& r, F f) {
  f("network", r.network); f("network_name", r.network_name); f("request", r.request); f("endpoint", r.endpoint);
  f("last_ipv4", r.last_ipv4); f("last_ipv6", r.last_ipv6); f("last_interface", r.last_interface);
}
template <Is<ports::L4Protocol> T, class F> void each_field(T& r, F f) {
  f("number", r.number);
}
template <Is<ports::HostPort> T, class F> void each_field(T& r, F f) {
  f("address", r.address); f("protocol", r.protocol); f("number", r.number);
}
template <Is<Published> T, class F> void each_field(T& r, F f) {
  f("host", r.host); f("container_port", r.container_port); f("chosen", r.chosen);
}
template <Is<ports::PortBinding> T, class F> void each_field(T& r, F f) {
  f("container_port", r.container_port); f("protocol", r.protocol); f("host_ip", r.host_ip); f("host_port", r.host_port);
  f("host_port_end", r.host_port_end);
}
template <Is<ports::RestartPolicy> T, class F> void each_field(T& r, F f) {
  f("kind", r.kind); f("max_retries", r.max_retries);
}
template <Is<ports::MountRequest> T, class F> void each_field(T& r, F f) {
  f("kind", r.kind); f("source", r.source); f("target", r.target); f("read_only", r.read_only); f("options", r.options);
  f("create_source", r.create_source); f("no_copy", r.no_copy);
}
template <Is<ports::Ulimit> T, class F> void each_field(T& r, F f) {
  f("name", r.name); f("soft", r.soft); f("hard", r.hard);
}
template <Is<ports::DeviceRequest> T, class F> void each_field(T& r, F f) {
  f("host_path", r.host_path); f("container_path", r.container_path); f("permissions", r.permissions);
}
template <Is<ports::ResourceLimits> T, class F> void each_field(T& r, F f) {
  f("memory", r.memory); f("memory_swap", r.memory_swap); f("memory_reservation", r.memory_reservation);
  f("nano_cpus", r.nano_cpus); f("cpu_shares", r.cpu_shares); f("cpu_period", r.cpu_period); f("cpu_quota", r.cpu_quota);
  f("cpuset_cpus", r.cpuset_cpus); f("cpuset_mems", r.cpuset_mems); f("pids", r.pids); f("blkio_weight", r.blkio_weight);
  f("oom_kill_disable", r.oom_kill_disable);
}
template <Is<ports::ProcessSpec> T, class F> void each_field(T& r, F f) {
  f("user", r.user); f("working_dir", r.working_dir); f("env", r.env); f("entrypoint", r.entrypoint); f("cmd", r.cmd);
  f("tty", r.tty); f("open_stdin", r.open_stdin); f("stdin_once", r.stdin_once); f("attach_stdin", r.attach_stdin);
  f("attach_stdout", r.attach_stdout); f("attach_stderr", r.attach_stderr);
}
template <Is<ports::ContainerSpec> T, class F> void each_field(T& r, F f) {
  f("image", r.image); f("process", r.process); f("hostname", r.hostname); f("domainname", r.domainname);
  f("stop_signal", r.stop_signal); f("stop_timeout", r.stop_timeout); f("labels", r.labels); f("exposed_ports", r.exposed_ports);
  f("anonymous_volumes", r.anonymous_volumes); f("mac", r.mac); f("network_mode", r.network_mode); f("endpoints", r.endpoints);
  f("port_bindings", r.port_bindings); f("publish_all", r.publish_all); f("dns", r.dns); f("dns_options", r.dns_options);
  f("dns_search", r.dns_search); f("extra_hosts", r.extra_hosts); f("links", r.links); f("binds", r.binds); f("mounts", r.mounts);
  f("volumes_from", r.volumes_from); f("volume_driver", r.volume_driver); f("restart", r.restart); f("auto_remove", r.auto_remove);
  f("privileged", r.privileged); f("read_only_root", r.read_only_root); f("oom_score_adj_set", r.oom_score_adj_set);
  f("init", r.init); f("oom_score_adj", r.oom_score_adj); f("cap_add", r.cap_add); f("cap_drop", r.cap_drop);
  f("group_add", r.group_add); f("security_opt", r.security_opt); f("sysctls", r.sysctls); f("tmpfs", r.tmpfs);
  f("log_options", r.log_options); f("annotations", r.annotations); f("log_driver", r.log_driver); f("runtime", r.runtime);
  f("cgroup_parent", r.cgroup_parent); f("ipc_mode", r.ipc_mode); f("pid_mode", r.pid_mode); f("uts_mode", r.uts_mode);
  f("userns_mode", r.userns_mode); f("cgroupns_mode", r.cgroupns_mode); f("shm_size", r.shm_size); f("ulimits", r.ulimits);
  f("devices", r.devices); f("resources", r.resources); f("masked_paths", r.masked_paths); f("readonly_paths", r.readonly_paths);
  f("console_height", r.console_height); f("console_width", r.console_width);
}
template <Is<Container> T, class F> void each_field(T& r, F f) {
  f("id", r.id); f("name", r.name); f("spec", r.spec); f("image_id", r.image_id); f("layer_dirs", r.layer_dirs); f("path", r.path);
  f("args", r.args); f("created", r.created); f("started", r.started); f("finished", r.finished); f("phase", r.phase);
  f("pid", r.pid); f("monitor_pid", r.monitor_pid); f("exit_code", r.exit_code); f("restart_count", r.restart_count);
  f("oom_killed", r.oom_killed); f("stop_asked", r.stop_asked); f("error", r.error); f("sandbox", r.sandbox);
  f("joined", r.joined); f("attachments", r.attachments); f("volumes", r.volumes); f("published", r.published);
}
template <Is<Sandbox> T, class F> void each_field(T& r, F f) {
  f("id", r.id); f("owner", r.owner); f("users", r.users); f("netns", r.netns);
}
template <Is<HostRecord> T, class F> void each_field(T& r, F f) {
  f("forwarding_switched_on", r.forwarding_switched_on); f("ipv6_forwarding", r.ipv6_forwarding);
  f("ipv6_forwarding_switched_on", r.ipv6_forwarding_switched_on);
  f("ipv6_forwarding_of_others", r.ipv6_forwarding_of_others); f("boot_id", r.boot_id); f("ula", r.ula);
}
// clang-format on

}  // namespace fairlead::engine::codec
