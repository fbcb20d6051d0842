#include "daemon/option_values.h"

#include <fmt/format.h>
#include <sys/un.h>

#include <algorithm>
#include <charconv>
#include <filesystem>

#include "base/log.h"

namespace fairlead::daemon {
namespace {

std::unexpected<base::Error> wrong(std::string why) {
  return base::fail(base::ErrorKind::invalid, std::move(why));
}

std::optional<bool> truth(std::string_view word) {
  if (word == "true" || word == "1" || word == "t" || word == "T" || word == "TRUE" || word == "True") return true;
  if (word == "false" || word == "0" || word == "f" || word == "F" || word == "FALSE" || word == "False") return false;
  return std::nullopt;
}

base::Result<void> set_truth(bool& place, const Values& values) {
  const auto value = truth(values.back());
  if (!value) return wrong(fmt::format("{} is neither true nor false", values.back()));
  place = *value;
  return {};
}

// A file's name that cannot surprise later: absolute, normal, no line ends that would forge log lines or mount tables.
base::Result<std::string> directory(const std::string& text) {
  if (text.empty()) return wrong("a directory is needed");
  if (std::ranges::any_of(text, [](unsigned char c) { return c < ' ' || c == 0x7f; }))
    return wrong("a path with control characters");
  std::error_code code;
  auto path = std::filesystem::absolute(text, code).lexically_normal();
  if (code) return wrong(fmt::format("{}: {}", text, code.message()));
  if (!path.has_filename()) path = path.parent_path();
  if (path == path.root_path()) return wrong("the root directory will not do");
  return path.string();
}

base::Result<void> set_directory(std::string& place, const Values& values) {
  auto path = directory(values.back());
  if (!path) return std::unexpected(path.error());
  place = std::move(*path);
  return {};
}

base::Result<std::string> checked_host(const std::string& host) {
  if (host.starts_with("fd://")) return host;
  if (host.starts_with("tcp://") || host.find("://") == std::string::npos) {
    return wrong(
        fmt::format("{} is refused: the API gives root on this machine to whoever reaches it, and no TLS is served; "
                    "use unix:///path/to.sock (over ssh: docker -H ssh://user@machine)",
                    host.empty() ? "an empty host" : host));
  }
  if (!host.starts_with("unix://")) return wrong(fmt::format("{}: only unix:// and fd:// sockets are served", host));
  const std::string path = host.substr(7);
  if (path.empty() || path.front() != '/') return wrong(fmt::format("{}: the socket's path must be absolute", host));
  if (path.size() >= sizeof(sockaddr_un::sun_path))
    return wrong(fmt::format("{}: a socket's path has at most 107 bytes (unix(7))", host));
  if (std::ranges::any_of(path, [](unsigned char c) { return c < ' '; }))
    return wrong("a path with control characters");
  if (path.back() == '/') return wrong(fmt::format("{}: this names a directory, not a socket", host));
  return host;
}

bool is_domain(std::string_view text) {
  if (text == ".") return true;
  if (text.ends_with('.')) text.remove_suffix(1);
  if (text.empty() || text.size() > 253) return false;
  std::size_t label = 0;
  for (const char c : text) {
    if (c == '.') {
      if (label == 0) return false;
      label = 0;
      continue;
    }
    const bool fits =
        (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
    if (!fits || ++label > 63) return false;
  }
  return label > 0;
}

// IFNAMSIZ and dev_valid_name() of the kernel.
bool is_interface_name(std::string_view name) {
  return !name.empty() && name.size() < 16 && name != "." && name != ".." &&
         std::ranges::none_of(name, [](unsigned char c) { return c == '/' || c == ':' || c <= ' ' || c == 0x7f; });
}

base::Result<int> number(std::string_view text) {
  int value = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (code != std::errc() || end != text.data() + text.size()) return wrong(fmt::format("{} is not a number", text));
  return value;
}

base::Result<engine::AddressPool> pool(const std::string& text) {
  std::string base_text, size_text;
  for (std::size_t at = 0; at <= text.size();) {
    const auto comma = std::min(text.find(',', at), text.size());
    const std::string field = text.substr(at, comma - at);
    const auto equals = field.find('=');
    if (equals == std::string::npos) return wrong(fmt::format("invalid field '{}' must be a key=value pair", field));
    const std::string key = field.substr(0, equals);
    if (key == "base")
      base_text = field.substr(equals + 1);
    else if (key == "size")
      size_text = field.substr(equals + 1);
    else
      return wrong(fmt::format("unexpected key '{}' in '{}'", key, field));
    at = comma + 1;
  }
  const auto prefix = base::Prefix::parse(base_text);
  if (!prefix) return wrong(fmt::format("invalid base prefix \"{}\"", base_text));
  if (!prefix->is_network())
    return wrong(fmt::format("invalid base prefix {}: it should be {}", base_text, prefix->network().text()));
  const auto size = number(size_text);
  if (!size) return wrong(fmt::format("invalid size \"{}\"", size_text));
  const int most = prefix->address().is_v4() ? 30 : 126;
  if (*size < prefix->length() || *size > most) {
    return wrong(
        fmt::format("invalid size {}: subnets of {} can be /{} to /{}", *size, base_text, prefix->length(), most));
  }
  return engine::AddressPool{*prefix, *size};
}

}  // namespace

base::Result<void> set_hosts(Options& options, const Values& values) {
  options.hosts.clear();
  for (const auto& value : values) {
    auto host = checked_host(value);
    if (!host) return std::unexpected(host.error());
    if (std::ranges::find(options.hosts, *host) == options.hosts.end()) options.hosts.push_back(*host);
  }
  return {};
}

base::Result<void> set_data_root(Options& options, const Values& values) {
  return set_directory(options.settings.data_root, values);
}
base::Result<void> set_exec_root(Options& options, const Values& values) {
  return set_directory(options.settings.exec_root, values);
}
base::Result<void> set_pidfile(Options& options, const Values& values) {
  options.pidfile.clear();
  if (values.back().empty()) return {};
  return set_directory(options.pidfile, values);
}
base::Result<void> set_debug(Options& options, const Values& values) {
  return set_truth(options.settings.debug, values);
}

base::Result<void> set_log_level(Options& options, const Values& values) {
  if (!base::parse_log_level(values.back()))
    return wrong(fmt::format("unable to parse logging level: {}", values.back()));
  options.log_level = values.back();
  return {};
}

base::Result<void> set_ip(Options& options, const Values& values) {
  const auto address = base::Ip::parse(values.back());
  if (!address) return wrong(fmt::format("{} is not an IP address", values.back()));
  if (!address->is_unspecified()) options.settings.default_binding = *address;
  return {};
}

base::Result<void> set_bip(Options& options, const Values& values) {
  const auto prefix = base::Prefix::parse(values.back());
  if (!prefix) return wrong(fmt::format("invalid CIDR address: {}", values.back()));
  if (!prefix->address().is_v4()) return wrong(fmt::format("{} is not an IPv4 address", values.back()));
  if (prefix->length() < 8 || prefix->length() > 30)
    return wrong(fmt::format("{}: a bridge's subnet is /8 to /30", values.back()));
  if (prefix->is_network() || prefix->address() == prefix->last()) {
    return wrong(fmt::format("{} names the subnet; the bridge needs an address of its own in it, as {}/{}",
                             values.back(), prefix->network().address().plus(1).text(), prefix->length()));
  }
  options.settings.bridge_ip = *prefix;
  return {};
}

base::Result<void> set_fixed_cidr(Options& options, const Values& values) {
  const auto prefix = base::Prefix::parse(values.back());
  if (!prefix) return wrong(fmt::format("invalid CIDR address: {}", values.back()));
  if (!prefix->address().is_v4()) return wrong(fmt::format("{} is not an IPv4 subnet", values.back()));
  if (!prefix->is_network())
    return wrong(fmt::format("invalid subnet {}: it should be {}", values.back(), prefix->network().text()));
  options.settings.fixed_cidr = *prefix;
  return {};
}

base::Result<void> set_pools(Options& options, const Values& values) {
  auto& pools = options.settings.address_pools;
  pools.clear();
  for (const auto& value : values) {
    const auto made = pool(value);
    if (!made) return std::unexpected(made.error());
    if (!made->base.address().is_v4()) {
      options.warnings.push_back(fmt::format("default address pool {} is IPv6 and is ignored", made->base.text()));
      continue;
    }
    for (const auto& other : pools) {
      if (other.base.overlaps(made->base))
        return wrong(fmt::format("pools {} and {} overlap", other.base.text(), made->base.text()));
    }
    pools.push_back(*made);
  }
  return {};
}

base::Result<void> set_mtu(Options& options, const Values& values) {
  const auto mtu = number(values.back());
  // 68 is the least that IPv4 allows (RFC 791), 65535 the most that a bridge takes.
  if (!mtu || (*mtu != 0 && (*mtu < 68 || *mtu > 65535)))
    return wrong(fmt::format("invalid default MTU: {}", values.back()));
  options.settings.mtu = static_cast<std::uint32_t>(*mtu);
  return {};
}

base::Result<void> set_dns(Options& options, const Values& values) {
  for (const auto& value : values) {
    if (!base::Ip::parse(value)) return wrong(fmt::format("IP address is not correctly formatted: {}", value));
  }
  options.settings.dns = values;
  return {};
}
base::Result<void> set_dns_options(Options& options, const Values& values) {
  for (const auto& value : values) {
    if (value.empty() || std::ranges::any_of(value, [](unsigned char c) { return c <= ' ' || c == 0x7f; })) {
      return wrong(fmt::format("\"{}\" is not one word, as options in resolv.conf are", value));
    }
  }
  options.settings.dns_options = values;
  return {};
}
base::Result<void> set_dns_search(Options& options, const Values& values) {
  for (const auto& value : values) {
    if (!is_domain(value)) return wrong(fmt::format("invalid domain: {}", value));
  }
  options.settings.dns_search = values;
  return {};
}

base::Result<void> set_host_gateway(Options& options, const Values& values) {
  std::vector<base::Ip> addresses;
  for (const auto& value : values) {
    const auto address = base::Ip::parse(value);
    if (!address) return wrong(fmt::format("IP address is not correctly formatted: {}", value));
    if (std::ranges::find(addresses, address->family(), &base::Ip::family) != addresses.end())
      return wrong(
          fmt::format("only one {} host gateway IP address can be specified", address->is_v4() ? "IPv4" : "IPv6"));
    addresses.push_back(*address);
  }
  options.settings.host_gateway = std::move(addresses);
  return {};
}

base::Result<void> set_bridge(Options& options, const Values& values) {
  const std::string& name = values.back();
  if (name.empty()) return {};  // dockerd takes an empty name for "not given"
  if (!is_interface_name(name)) return wrong(fmt::format("\"{}\" is no name of an interface", name));
  options.settings.bridge = name;
  options.settings.foreign_bridge = name != "none" && name != "docker0";
  return {};
}

base::Result<void> set_runtimes(Options& options, const Values& values) {
  for (const auto& value : values) {
    const auto equals = value.find('=');
    if (equals == std::string::npos || equals == 0 || equals + 1 == value.size()) {
      return wrong(fmt::format("invalid runtime argument: {}: name=path is wanted", value));
    }
    const std::string name = value.substr(0, equals);
    if (name == "runc") return wrong("runtime name 'runc' is reserved");
    const std::string path = value.substr(equals + 1);
    auto [at, fresh] = options.settings.runtimes.emplace(name, path);
    if (!fresh && at->second != path)
      return wrong(fmt::format("runtime '{}' was already defined as {}", name, at->second));
  }
  return {};
}
base::Result<void> set_default_runtime(Options& options, const Values& values) {
  if (values.back().empty()) return wrong("a runtime's name is needed");
  options.settings.default_runtime = values.back();
  return {};
}
base::Result<void> set_group(Options& options, const Values& values) {
  options.group = values.back();
  return {};
}

base::Result<void> set_live_restore(Options& options, const Values& values) {
  bool wanted = true;
  if (auto set = set_truth(wanted, values); !set) return set;
  if (!wanted)
    options.warnings.push_back("option --live-restore=false is ignored: containers always outlive the daemon here");
  return {};
}
base::Result<void> refuse_protection(Options&, const Values& values) {
  const bool off =
      values.empty() || (values.size() == 1 && (values[0].empty() || values[0] == "false" || values[0] == "0"));
  if (off) return {};
  return wrong("this protection does not exist here; leave the option out to start without it");
}
base::Result<void> set_icc(Options& options, const Values& values) {
  return set_truth(options.settings.icc, values);
}
base::Result<void> set_ip_forward(Options& options, const Values& values) {
  return set_truth(options.settings.ip_forward, values);
}
base::Result<void> set_ip_forward_no_drop(Options& options, const Values& values) {
  return set_truth(options.settings.ip_forward_no_drop, values);
}
base::Result<void> set_ip_masq(Options& options, const Values& values) {
  return set_truth(options.settings.ip_masq, values);
}
base::Result<void> set_iptables(Options& options, const Values& values) {
  return set_truth(options.settings.iptables, values);
}
base::Result<void> set_init(Options& options, const Values& values) {
  return set_truth(options.settings.default_init, values);
}

base::Result<void> set_init_path(Options& options, const Values& values) {
  options.init_path = values.back();
  return {};
}

base::Result<void> set_labels(Options& options, const Values& values) {
  for (const auto& value : values) {
    const auto equals = value.find('=');
    if (equals == std::string::npos || equals == 0) return wrong(fmt::format("bad attribute format: {}", value));
    const std::string key = value.substr(0, equals + 1);
    for (const auto& other : values) {
      if (other.starts_with(key) && other != value)
        return wrong(fmt::format("conflict labels for {} and {}", value, other));
    }
  }
  options.settings.labels = values;
  return {};
}
base::Result<void> set_insecure_registries(Options& options, const Values& values) {
  for (const auto& value : values) {
    if (value.find("://") != std::string::npos)
      return wrong(fmt::format("insecure registry {} should not contain '://'", value));
  }
  options.insecure_registries = values;
  return {};
}
base::Result<void> set_registry_mirrors(Options& options, const Values& values) {
  for (const auto& value : values) {
    if (!value.starts_with("http://") && !value.starts_with("https://")) {
      return wrong(fmt::format(
          "invalid mirror: no scheme specified for \"{}\": must use either 'https://' or 'http://'", value));
    }
  }
  options.registry_mirrors = values;
  return {};
}

}  // namespace fairlead::daemon
