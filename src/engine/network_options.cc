#include "engine/network_options.h"

#include <fmt/format.h>

#include <algorithm>
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

/// An interface name as the kernel takes it: 1 to 15 bytes, no slash, no white space (dev_valid_name).
bool is_interface_name(const std::string& name) {
  return !name.empty() && name.size() <= 15 && name != "." && name != ".." &&
         std::ranges::all_of(name,
                             [](unsigned char c) { return c > ' ' && c != '/' && c != ':' && c < 127 && c != '"'; });
}

}  // namespace

base::Result<void> apply_bridge_options(Network& network) {
  if (auto set = set_flag(network, kOptionIcc, network.icc); !set) return set;
  if (auto set = set_flag(network, kOptionMasquerade, network.masquerade); !set) return set;
  if (auto set = set_mtu(network); !set) return set;
  const auto name = network.options.find(kOptionName);
  if (name == network.options.end()) return {};
  if (!is_interface_name(name->second)) return bad_value(kOptionName, name->second);
  network.bridge = name->second;
  return {};
}

}  // namespace fairlead::engine
