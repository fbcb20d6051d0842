#include "engine/network_options.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

namespace fairlead::engine {
namespace {

/// Go's strconv.ParseBool, which Docker reads its options with.
std::optional<bool> parse_bool(const std::string& text) {
  for (const auto* yes : {"1", "t", "T", "true", "TRUE", "True"}) {
    if (text == yes) return true;
  }
  for (const auto* no : {"0", "f", "F", "false", "FALSE", "False"}) {
    if (text == no) return false;
  }
  return std::nullopt;
}

std::unexpected<base::Error> bad_value(const std::string& key, const std::string& value) {
  return base::fail(base::ErrorKind::invalid, fmt::format("invalid value \"{}\" for network option {}", value, key));
}

base::Result<void> set_bridge(Network& network) {
  const auto name = network.options.find(kOptionName);
  if (name == network.options.end()) return {};
  if (!is_interface_name(name->second)) return bad_value(kOptionName, name->second);
  network.bridge = name->second;
  return {};
}

base::Result<void> set_mode(const Network& network, const char* key, GatewayMode& mode) {
  const auto at = network.options.find(key);
  if (at == network.options.end()) return {};
  static constexpr std::array words = {"nat", "nat-unprotected", "routed", "isolated"};
  const auto word = std::ranges::find(words, at->second);
  if (word == words.end()) return bad_value(key, at->second);
  mode = static_cast<GatewayMode>(word - words.begin());
  if (mode == GatewayMode::isolated && !network.internal) {
    return base::fail(base::ErrorKind::invalid, "gateway mode 'isolated' can only be used for an internal network");
  }
  return {};
}

base::Result<void> set_source(const Network& network, const char* key, base::Family family,
                              std::optional<base::Ip>& source) {
  const auto at = network.options.find(key);
  if (at == network.options.end()) return {};
  source = base::Ip::parse(at->second);
  if (!source || source->family() != family || source->is_unspecified()) return bad_value(key, at->second);
  return {};
}

base::Result<void> check_binding(const Network& network) {
  const auto at = network.options.find(kOptionBinding);
  if (at == network.options.end() || base::Ip::parse(at->second)) return {};
  return bad_value(kOptionBinding, at->second);
}

/// Names parted by colons.
base::Result<void> set_trusted(Network& network) {
  const auto at = network.options.find(kOptionTrusted);
  if (at == network.options.end()) return {};
  for (std::size_t begin = 0; begin <= at->second.size();) {
    const auto end = std::min(at->second.find(':', begin), at->second.size());
    auto name = at->second.substr(begin, end - begin);
    if (!is_interface_name(name)) return bad_value(kOptionTrusted, at->second);
    network.trusted_interfaces.push_back(std::move(name));
    begin = end + 1;
  }
  return {};
}

}  // namespace

base::Result<void> check_keys(const Network& network, const char* driver, std::initializer_list<const char*> known) {
  for (const auto& [key, value] : network.options) {
    if (std::ranges::find(known, key) != known.end()) continue;
    return base::fail(base::ErrorKind::invalid, fmt::format("unknown option \"{}\" for driver {}", key, driver));
  }
  return {};
}

base::Result<void> set_flag(const Network& network, const char* key, bool& flag) {
  const auto at = network.options.find(key);
  if (at == network.options.end()) return {};
  const auto value = parse_bool(at->second);
  if (!value) return bad_value(key, at->second);
  flag = *value;
  return {};
}

base::Result<void> set_mtu(Network& network) {
  const auto at = network.options.find(kOptionMtu);
  if (at == network.options.end()) return {};
  const auto& text = at->second;
  std::uint32_t mtu = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), mtu);
  // 68 bytes is the least that IPv4 works with (RFC 791); 65535 the most a bridge takes.
  if (error != std::errc{} || end != text.data() + text.size() || (mtu != 0 && mtu < 68) || mtu > 65535)
    return bad_value(kOptionMtu, text);
  if (mtu != 0) network.mtu = mtu;
  return {};
}

/// Room for the number behind it is kept: interface names end at 15 bytes.
base::Result<void> set_prefix(Network& network) {
  const auto prefix = network.options.find(kOptionPrefix);
  if (prefix == network.options.end()) return {};
  const auto& text = prefix->second;
  const bool ends_in_digit = !text.empty() && text.back() >= '0' && text.back() <= '9';
  if (!is_interface_name(text) || text.size() > 12 || ends_in_digit) return bad_value(kOptionPrefix, text);
  network.interface_prefix = text;
  return {};
}

bool is_interface_name(const std::string& name) {
  return !name.empty() && name.size() <= 15 && name != "." && name != ".." &&
         std::ranges::all_of(name,
                             [](unsigned char c) { return c > ' ' && c != '/' && c != ':' && c < 127 && c != '"'; });
}

std::string unknown_options_warning(const Network& network) {
  static constexpr std::array known = {kOptionName,    kOptionIcc,        kOptionMasquerade, kOptionBinding,
                                       kOptionMtu,     kOptionInhibit,    kOptionModeIpv4,   kOptionModeIpv6,
                                       kOptionTrusted, kOptionSourceIpv4, kOptionSourceIpv6, kOptionPrefix};
  std::vector<std::string> unknown;
  for (const auto& [key, value] : network.options) {
    if (std::ranges::find(known, key) == known.end()) unknown.push_back(fmt::format("\"{}\"", key));
  }
  if (unknown.empty()) return {};
  if (unknown.size() == 1)
    return fmt::format("option {} is not known to the bridge driver and has no effect", unknown.front());
  return fmt::format("options {} are not known to the bridge driver and have no effect", fmt::join(unknown, ", "));
}

base::Result<void> apply_bridge_options(Network& network) {
  if (auto set = set_flag(network, kOptionIcc, network.icc); !set) return set;
  if (auto set = set_flag(network, kOptionMasquerade, network.masquerade); !set) return set;
  if (auto set = set_flag(network, kOptionInhibit, network.inhibit_ipv4); !set) return set;
  if (auto set = set_mtu(network); !set) return set;
  if (auto set = set_mode(network, kOptionModeIpv4, network.mode_ipv4); !set) return set;
  if (auto set = set_mode(network, kOptionModeIpv6, network.mode_ipv6); !set) return set;
  if (auto set = set_source(network, kOptionSourceIpv4, base::Family::v4, network.source_ipv4); !set) return set;
  if (auto set = set_source(network, kOptionSourceIpv6, base::Family::v6, network.source_ipv6); !set) return set;
  if (auto set = check_binding(network); !set) return set;
  if (auto set = set_trusted(network); !set) return set;
  if (auto set = set_prefix(network); !set) return set;
  return set_bridge(network);
}

}  // namespace fairlead::engine
