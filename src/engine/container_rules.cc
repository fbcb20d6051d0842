#include "engine/container_rules.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>

namespace fairlead::engine {
namespace {

using base::ErrorKind;

std::unexpected<base::Error> invalid(std::string text) {
  return base::fail(ErrorKind::invalid, std::move(text));
}

constexpr std::array<std::string_view, 41> kCapabilities = {"AUDIT_CONTROL",   "AUDIT_READ",   "AUDIT_WRITE",
                                                            "BLOCK_SUSPEND",   "BPF",          "CHECKPOINT_RESTORE",
                                                            "CHOWN",           "DAC_OVERRIDE", "DAC_READ_SEARCH",
                                                            "FOWNER",          "FSETID",       "IPC_LOCK",
                                                            "IPC_OWNER",       "KILL",         "LEASE",
                                                            "LINUX_IMMUTABLE", "MAC_ADMIN",    "MAC_OVERRIDE",
                                                            "MKNOD",           "NET_ADMIN",    "NET_BIND_SERVICE",
                                                            "NET_BROADCAST",   "NET_RAW",      "PERFMON",
                                                            "SETFCAP",         "SETGID",       "SETPCAP",
                                                            "SETUID",          "SYSLOG",       "SYS_ADMIN",
                                                            "SYS_BOOT",        "SYS_CHROOT",   "SYS_MODULE",
                                                            "SYS_NICE",        "SYS_PACCT",    "SYS_PTRACE",
                                                            "SYS_RAWIO",       "SYS_RESOURCE", "SYS_TIME",
                                                            "SYS_TTY_CONFIG",  "WAKE_ALARM"};

std::string upper(std::string text) {
  std::ranges::transform(text, text.begin(),
                         [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; });
  return text;
}

base::Result<void> check_capabilities(const std::vector<std::string>& names, const char* where) {
  for (const auto& name : names) {
    auto word = upper(name);
    if (word.starts_with("CAP_")) word.erase(0, 4);
    if (word == "ALL" || std::ranges::find(kCapabilities, word) != kCapabilities.end()) continue;
    return invalid(fmt::format("invalid {}: unknown capability: \"CAP_{}\"", where, word));
  }
  return {};
}

bool is_printable(char c) {
  return c > ' ' && c < 127;
}

base::Result<void> check_process(const ports::ContainerSpec& spec) {
  // The kernel takes 64 bytes (sethostname(2)).
  if (spec.hostname.size() > 64 || !std::ranges::all_of(spec.hostname, is_printable) || spec.hostname.contains('/')) {
    return invalid("invalid hostname format: " + spec.hostname);
  }
  if (spec.domainname.size() > 64 || !std::ranges::all_of(spec.domainname, is_printable)) {
    return invalid("invalid domainname format: " + spec.domainname);
  }
  if (!spec.process.working_dir.empty() && !spec.process.working_dir.starts_with('/')) {
    return invalid(fmt::format("the working directory '{}' is invalid, it needs to be an absolute path",
                               spec.process.working_dir));
  }
  for (const auto& variable : spec.process.env) {
    if (variable.empty() || variable.starts_with('=')) return invalid("invalid environment variable: " + variable);
    if (variable.contains('\0')) return invalid("invalid environment variable: it holds a zero byte");
  }
  return {};
}

base::Result<void> check_restart(const ports::ContainerSpec& spec) {
  using Kind = ports::RestartPolicy::Kind;
  const auto& policy = spec.restart;
  if (spec.auto_remove && policy.kind != Kind::no)
    return invalid("can't create 'AutoRemove' container with restart policy");
  if (policy.kind != Kind::on_failure && policy.max_retries != 0) {
    return invalid(fmt::format("invalid restart policy: maximum retry count can only be used with 'on-failure'{}",
                               policy.max_retries < 0 ? " and cannot be negative" : ""));
  }
  if (policy.max_retries < 0) return invalid("invalid restart policy: maximum retry count cannot be negative");
  return {};
}

base::Result<void> check_extra_hosts(const std::vector<std::string>& entries) {
  for (const auto& entry : entries) {
    const auto cut = entry.find_first_of(":=");
    if (cut == std::string::npos || cut == 0) return invalid(fmt::format("bad format for add-host: \"{}\"", entry));
    std::string address = entry.substr(cut + 1);
    if (address.starts_with('[') && address.ends_with(']')) address = address.substr(1, address.size() - 2);
    if (address != "host-gateway" && !base::Ip::parse(address)) {
      return invalid(fmt::format("invalid IP address in add-host: \"{}\"", address));
    }
  }
  return {};
}

base::Result<void> check_names_of_services(const Settings& settings, const ports::ContainerSpec& spec) {
  for (const auto& server : spec.dns) {
    if (!base::Ip::parse(server)) return invalid("invalid DNS server: " + server);
  }
  const auto& driver = spec.log_driver;
  if (!driver.empty() && driver != "json-file" && driver != "none") {
    return invalid(fmt::format("error looking up logging plugin {0}: plugin \"{0}\" not found", driver));
  }
  const bool known = spec.runtime.empty() || spec.runtime == settings.default_runtime || spec.runtime == "runc" ||
                     spec.runtime == "io.containerd.runc.v2" || settings.runtimes.contains(spec.runtime);
  if (!known) return invalid("unknown or invalid runtime name: " + spec.runtime);
  return {};
}

base::Result<void> check_cpu(const ports::ResourceLimits& limits, int cpus) {
  if (limits.nano_cpus > 0 && limits.cpu_period > 0) {
    return invalid("conflicting options: Nano CPUs and CPU Period cannot both be set");
  }
  if (limits.nano_cpus > 0 && limits.cpu_quota > 0) {
    return invalid("conflicting options: Nano CPUs and CPU Quota cannot both be set");
  }
  if (limits.nano_cpus < 0 || (cpus > 0 && limits.nano_cpus > cpus * std::int64_t{1'000'000'000})) {
    return invalid(fmt::format("range of CPUs is from 0.01 to {0}.00, as there are only {0} CPUs available", cpus));
  }
  if (limits.cpu_shares < 0)
    return invalid(fmt::format("invalid CPU shares ({}): value must be a positive integer", limits.cpu_shares));
  if (limits.cpu_period != 0 && (limits.cpu_period < 1000 || limits.cpu_period > 1'000'000)) {
    return invalid("CPU cfs period can not be less than 1ms (i.e. 1000) or larger than 1s (i.e. 1000000)");
  }
  if (limits.cpu_quota > 0 && limits.cpu_quota < 1000)
    return invalid("CPU cfs quota can not be less than 1ms (i.e. 1000)");
  return {};
}

base::Result<void> check_memory(const ports::ResourceLimits& limits) {
  constexpr std::int64_t kLeast = 6 << 20;
  if (limits.memory != 0 && limits.memory < kLeast) return invalid("Minimum memory limit allowed is 6MB");
  if (limits.memory > 0 && limits.memory_swap > 0 && limits.memory_swap < limits.memory) {
    return invalid("Minimum memoryswap limit should be larger than memory limit, see usage");
  }
  if (limits.memory == 0 && limits.memory_swap > 0) {
    return invalid("You should always set the Memory limit when using Memoryswap limit, see usage");
  }
  if (limits.memory_swap < -1)
    return invalid(fmt::format("invalid memory swap ({}): -1 is unlimited", limits.memory_swap));
  if (limits.memory_reservation != 0 && limits.memory_reservation < kLeast) {
    return invalid("Minimum memory reservation allowed is 6MB");
  }
  if (limits.memory > 0 && limits.memory < limits.memory_reservation) {
    return invalid("Minimum memory limit can not be less than memory reservation limit, see usage");
  }
  return {};
}

}  // namespace

base::Result<void> check_resources(const ports::ContainerSpec& spec, int cpus) {
  const auto& limits = spec.resources;
  if (auto memory = check_memory(limits); !memory) return memory;
  if (auto cpu = check_cpu(limits, cpus); !cpu) return cpu;
  if (limits.blkio_weight != 0 && (limits.blkio_weight < 10 || limits.blkio_weight > 1000)) {
    return invalid("range of blkio weight is from 10 to 1000");
  }
  if (spec.oom_score_adj < -1000 || spec.oom_score_adj > 1000) {
    return invalid(fmt::format("invalid value {}, range for oom score adj is [-1000, 1000]", spec.oom_score_adj));
  }
  if (spec.shm_size < 0) return invalid("SHM size can not be less than 0");
  return {};
}

base::Result<void> check_spec(const Settings& settings, const ports::ContainerSpec& spec, int cpus) {
  for (const auto& checked : {check_process(spec), check_restart(spec), check_extra_hosts(spec.extra_hosts),
                              check_capabilities(spec.cap_add, "CapAdd"), check_capabilities(spec.cap_drop, "CapDrop"),
                              check_names_of_services(settings, spec), check_resources(spec, cpus)}) {
    if (!checked) return checked;
  }
  return {};
}

}  // namespace fairlead::engine
