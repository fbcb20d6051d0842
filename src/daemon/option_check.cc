#include <fmt/format.h>

#include "daemon/option_values.h"

namespace fairlead::daemon {
namespace {

std::unexpected<base::Error> wrong(std::string why) {
  return base::fail(base::ErrorKind::invalid, std::move(why));
}

bool inside(const std::string& path, const std::string& directory) {
  return path == directory || path.starts_with(directory + "/");
}

base::Result<void> check_bridge(const engine::Settings& settings) {
  if (settings.bridge != "docker0" && settings.bridge_ip) {
    return wrong("You specified -b & --bip, mutually exclusive options. Please specify only one");
  }
  if (settings.bridge_ip && settings.fixed_cidr) {
    const auto subnet = settings.bridge_ip->network();
    if (!subnet.contains(settings.fixed_cidr->address()) || settings.fixed_cidr->length() < subnet.length()) {
      return wrong(fmt::format("--fixed-cidr {} does not lie within --bip's subnet {}", settings.fixed_cidr->text(),
                               subnet.text()));
    }
  }
  return {};
}

}  // namespace

base::Result<void> check_together(Options& options) {
  auto& settings = options.settings;
  if (auto bridge = check_bridge(settings); !bridge) return bridge;
  if (!settings.iptables && !settings.icc) {
    return wrong(
        "You specified --iptables=false with --icc=false. ICC=false uses iptables to function. Please set --icc or "
        "--iptables to true");
  }
  if (!settings.iptables) settings.ip_masq = false;  // there is no masquerade without rules
  if (inside(settings.data_root, settings.exec_root) || inside(settings.exec_root, settings.data_root)) {
    return wrong(fmt::format("--data-root {} and --exec-root {} must not lie within each other", settings.data_root,
                             settings.exec_root));
  }
  const auto& runtime = settings.default_runtime;
  if (runtime != "runc" && runtime != "crun" && !settings.runtimes.contains(runtime)) {
    return wrong(fmt::format("specified default runtime '{}' does not exist: name it by --add-runtime {}=/path",
                             runtime, runtime));
  }
  if (settings.debug) options.log_level = "debug";
  return {};
}

}  // namespace fairlead::daemon
