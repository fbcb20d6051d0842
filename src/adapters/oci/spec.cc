#include "adapters/oci/spec.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <set>

#include "adapters/oci/spec_parts.h"

namespace fairlead::oci {
namespace {

namespace json = boost::json;
using base::ErrorKind;

/// Docker's lists (moby, oci/defaults).
constexpr std::array kMasked = {"/proc/asound",     "/proc/acpi",        "/proc/interrupts",
                                "/proc/kcore",      "/proc/keys",        "/proc/latency_stats",
                                "/proc/timer_list", "/proc/timer_stats", "/proc/sched_debug",
                                "/proc/scsi",       "/sys/firmware",     "/sys/devices/virtual/powercap"};
constexpr std::array kReadonly = {"/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"};

template <class List>
json::array list_or(const std::optional<std::vector<std::string>>& given, const List& defaults) {
  if (given) return strings(*given);
  return json::array(defaults.begin(), defaults.end());
}

base::Result<std::vector<std::string>> command(const SpecInput& input) {
  const auto& process = input.launch->spec.process;
  std::vector<std::string> args;
  if (!input.init_path.empty()) args = {"/sbin/docker-init", "--"};
  const auto before = args.size();
  if (process.entrypoint) args.insert(args.end(), process.entrypoint->begin(), process.entrypoint->end());
  if (process.cmd) args.insert(args.end(), process.cmd->begin(), process.cmd->end());
  if (args.size() == before) return base::fail(ErrorKind::invalid, "no command specified");
  return args;
}

base::Result<json::array> rlimits(const std::vector<ports::Ulimit>& asked) {
  static const std::set<std::string, std::less<>> kKnown = {
      "as",   "core",   "cpu",   "data", "fsize",  "locks",  "memlock",    "msgqueue",
      "nice", "nofile", "nproc", "rss",  "rtprio", "rttime", "sigpending", "stack"};
  json::array limits;
  for (const auto& limit : asked) {
    if (!kKnown.contains(limit.name)) return base::fail(ErrorKind::invalid, "invalid ulimit type: " + limit.name);
    std::string upper = limit.name;
    std::ranges::transform(upper, upper.begin(), [](unsigned char c) { return std::toupper(c); });
    // -1 is "unlimited": all bits set in the specification's unsigned number.
    limits.push_back({{"type", "RLIMIT_" + upper},
                      {"soft", static_cast<std::uint64_t>(limit.soft)},
                      {"hard", static_cast<std::uint64_t>(limit.hard)}});
  }
  return limits;
}

base::Result<json::object> first_process(const SpecInput& input) {
  const auto& spec = input.launch->spec;
  auto args = command(input);
  if (!args) return std::unexpected(args.error());
  auto limits = rlimits(spec.ulimits);
  if (!limits) return std::unexpected(limits.error());
  ProcessInput process{
      .args = std::move(*args),
      .env = make_environment(spec.process.env, input.launch->hostname, spec.process.tty, input.user.home),
      .cwd = spec.process.working_dir,
      .user = input.user,
      .capabilities = input.capabilities,
      .tty = spec.process.tty,
      .no_new_privileges = no_new_privileges(spec.security_opt),
      .height = spec.console_height,
      .width = spec.console_width};
  if (const auto profile = security_option(spec.security_opt, "apparmor");
      profile && *profile != "unconfined" && input.apparmor)
    process.apparmor_profile = *profile;
  auto made = make_process(process);
  if (!limits->empty()) made["rlimits"] = std::move(*limits);
  if (spec.oom_score_adj_set || spec.oom_score_adj != 0) made["oomScoreAdj"] = spec.oom_score_adj;
  return made;
}

/// What the root's own propagation must be so that a mount with that propagation is one.
std::string root_propagation(const std::vector<BindMount>& binds) {
  std::string needed;
  for (const auto& bind : binds) {
    for (const auto& option : bind.options) {
      if (option == "shared" || option == "rshared") return "shared";
      if (option == "slave" || option == "rslave") needed = "rslave";
    }
  }
  return needed;
}

base::Result<json::object> linux_part(const SpecInput& input) {
  const auto& launch = *input.launch;
  const auto& spec = launch.spec;
  json::object part;
  auto resources = spec_resources(input);
  if (!resources) return std::unexpected(resources.error());
  auto sysctls = spec_sysctls(launch);
  if (!sysctls) return std::unexpected(sysctls.error());
  part["namespaces"] = spec_namespaces(input);
  part["resources"] = std::move(*resources);
  if (!sysctls->empty()) part["sysctl"] = std::move(*sysctls);
  part["cgroupsPath"] = cgroup_path(launch);
  if (const auto propagation = root_propagation(input.binds); !propagation.empty())
    part["rootfsPropagation"] = propagation;
  json::array nodes;
  for (const auto& device : input.devices)
    nodes.push_back({{"path", device.path},
                     {"type", std::string(1, device.type)},
                     {"major", device.major},
                     {"minor", device.minor},
                     {"fileMode", device.mode},
                     {"uid", device.uid},
                     {"gid", device.gid}});
  if (!nodes.empty()) part["devices"] = std::move(nodes);
  if (!spec.privileged) {
    part["maskedPaths"] = list_or(spec.masked_paths, kMasked);
    part["readonlyPaths"] = list_or(spec.readonly_paths, kReadonly);
    if (input.seccomp) part["seccomp"] = *input.seccomp;
  }
  return part;
}

}  // namespace

json::array strings(const std::vector<std::string>& list) {
  return json::array(list.begin(), list.end());
}

bool CgroupHost::has(std::string_view controller) const {
  return std::ranges::find(controllers, controller) != controllers.end();
}

std::string cgroup_path(const ports::Launch& launch) {
  const auto& parent = launch.spec.cgroup_parent;
  return (std::filesystem::path("/") / (parent.empty() ? "fairlead" : parent) / launch.id.text())
      .lexically_normal()
      .string();
}

base::Result<json::object> make_spec(const SpecInput& input) {
  const auto& launch = *input.launch;
  auto process = first_process(input);
  if (!process) return std::unexpected(process.error());
  auto mounts = spec_mounts(input);
  if (!mounts) return std::unexpected(mounts.error());
  auto linux_object = linux_part(input);
  if (!linux_object) return std::unexpected(linux_object.error());

  json::object out;
  out["ociVersion"] = "1.0.2";
  out["process"] = std::move(*process);
  out["root"] = {{"path", input.root_path}, {"readonly", launch.spec.read_only_root}};
  if (launch.spec.uts_mode != "host") {
    if (!launch.hostname.empty()) out["hostname"] = launch.hostname;
    // runc 1.1 knows no `domainname` field; the kernel's own setting is per UTS namespace.
    if (!launch.spec.domainname.empty()) {
      auto& sysctl = (*linux_object)["sysctl"];
      if (!sysctl.is_object()) sysctl = json::object();
      sysctl.get_object().emplace("kernel.domainname", launch.spec.domainname);
    }
  }
  out["mounts"] = std::move(*mounts);
  out["linux"] = std::move(*linux_object);
  json::object annotations;
  for (const auto& [key, value] : launch.spec.annotations) annotations[key] = value;
  if (!annotations.empty()) out["annotations"] = std::move(annotations);
  return out;
}

}  // namespace fairlead::oci
