#include <fmt/format.h>

#include <algorithm>

#include "doors/docker/json_container_create_parts.h"

namespace fairlead::docker {

namespace {

bool is_one_of(std::string_view word, std::initializer_list<std::string_view> words) {
  return std::ranges::find(words, word) != words.end();
}

void read_restart(const Fields& host, ports::ContainerSpec& spec) {
  using Kind = ports::RestartPolicy::Kind;
  const Fields policy = host.object("RestartPolicy");
  const std::string name = policy.text("Name");
  const std::int64_t retries = policy.number("MaximumRetryCount");
  if (name == "always")
    spec.restart.kind = Kind::always;
  else if (name == "unless-stopped")
    spec.restart.kind = Kind::unless_stopped;
  else if (name == "on-failure")
    spec.restart.kind = Kind::on_failure;
  else if (!is_one_of(name, {"", "no"})) {
    refuse(
        host,
        fmt::format(
            "invalid restart policy: unknown policy '{}'; use one of 'no', 'always', 'on-failure', or 'unless-stopped'",
            name));
  }
  if (retries < INT32_MIN || retries > INT32_MAX)
    refuse(host, fmt::format("invalid restart policy: maximum retry count {}", retries));
  else
    spec.restart.max_retries = static_cast<int>(retries);
  spec.auto_remove = host.flag("AutoRemove");
}

void read_namespaces(const Fields& host, ports::ContainerSpec& spec) {
  const auto joins = [](const std::string& mode) { return mode.starts_with("container:") && mode.size() > 10; };
  if (const std::string ipc = host.text("IpcMode"); !ipc.empty()) spec.ipc_mode = ipc;
  if (!is_one_of(spec.ipc_mode, {"none", "private", "shareable", "host"}) && !joins(spec.ipc_mode)) {
    refuse(host, "invalid IPC mode: " + spec.ipc_mode);
  }
  spec.pid_mode = host.text("PidMode");
  if (!is_one_of(spec.pid_mode, {"", "host"}) && !joins(spec.pid_mode))
    refuse(host, "invalid PID mode: " + spec.pid_mode);
  spec.uts_mode = host.text("UTSMode");
  if (!is_one_of(spec.uts_mode, {"", "host"})) refuse(host, "invalid UTS mode: " + spec.uts_mode);
  if (spec.uts_mode == "host" && !spec.hostname.empty()) refuse(host, "conflicting options: hostname and the UTS mode");
  spec.userns_mode = host.text("UsernsMode");
  if (!is_one_of(spec.userns_mode, {"", "host"}))
    lack(host, fmt::format("the user namespace mode \"{}\"", spec.userns_mode));
  spec.cgroupns_mode = host.text("CgroupnsMode");
  if (!is_one_of(spec.cgroupns_mode, {"", "host", "private"}))
    refuse(host, "invalid cgroup namespace mode: " + spec.cgroupns_mode);
}

void read_log(const Fields& host, ports::ContainerSpec& spec) {
  const Fields log = host.object("LogConfig");
  if (const std::string driver = log.text("Type"); !driver.empty()) spec.log_driver = driver;
  spec.log_options = log.text_map("Config");
  if (is_one_of(spec.log_driver, {"local", "syslog", "journald", "gelf", "fluentd", "awslogs", "splunk", "gcplogs"})) {
    lack(host, fmt::format("the log driver '{}' (use json-file)", spec.log_driver));
  }
  if (spec.log_driver != "json-file") return;
  for (const auto& [name, value] : spec.log_options) {
    if (!is_one_of(name,
                   {"max-file", "max-size", "compress", "labels", "labels-regex", "env", "env-regex", "tag", "mode",
                    "max-buffer-size", "cache-disabled", "cache-max-file", "cache-max-size", "cache-compress"})) {
      refuse(host, fmt::format("unknown log opt '{}' for {} log driver", name, spec.log_driver));
    }
  }
}

void read_security(const Fields& host, ports::ContainerSpec& spec) {
  spec.privileged = host.flag("Privileged");
  spec.read_only_root = host.flag("ReadonlyRootfs");
  spec.cap_add = host.text_or_texts("CapAdd").value_or(std::vector<std::string>{});
  spec.cap_drop = host.text_or_texts("CapDrop").value_or(std::vector<std::string>{});
  spec.group_add = host.texts("GroupAdd");
  spec.security_opt = host.texts("SecurityOpt");
  for (const std::string& option : spec.security_opt) {
    const auto mark = option.find_first_of("=:");
    const std::string_view name = std::string_view(option).substr(0, mark);
    if (name == "no-new-privileges") continue;
    if (mark == std::string::npos && name != "writable-cgroups")
      refuse(host, fmt::format("invalid --security-opt 1: \"{}\"", option));
    else if (!is_one_of(name, {"seccomp", "apparmor", "label", "writable-cgroups"})) {
      refuse(host, fmt::format("invalid --security-opt 2: \"{}\"", option));
    }
  }
  spec.masked_paths = host.maybe_texts("MaskedPaths");
  spec.readonly_paths = host.maybe_texts("ReadonlyPaths");
  spec.sysctls = host.text_map("Sysctls");
}

void read_names(const Fields& host, ports::ContainerSpec& spec) {
  spec.dns = host.texts("Dns");
  spec.dns_options = host.texts("DnsOptions");
  spec.dns_search = host.texts("DnsSearch");
  spec.links = host.texts("Links");
  spec.extra_hosts = host.texts("ExtraHosts");
}

}  // namespace

void read_host(const Fields& host, ports::ContainerSpec& spec) {
  read_restart(host, spec);
  read_namespaces(host, spec);
  read_log(host, spec);
  read_security(host, spec);
  read_names(host, spec);
  spec.runtime = host.text("Runtime");
  spec.cgroup_parent = host.text("CgroupParent");
  spec.annotations = host.text_map("Annotations");
  spec.init = host.maybe_flag("Init");
  const auto score = host.number("OomScoreAdj");
  if (score < INT32_MIN || score > INT32_MAX) {
    refuse(host, fmt::format("invalid value {}, range for oom score adj is [-1000, 1000]", score));
  } else {
    spec.oom_score_adj = static_cast<int>(score);
    spec.oom_score_adj_set = score != 0;
  }
  const auto size = host.numbers("ConsoleSize");
  if (size.size() == 2) {
    spec.console_height = size[0];
    spec.console_width = size[1];
  }
}

}  // namespace fairlead::docker
