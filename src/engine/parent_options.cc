#include "engine/parent_options.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "engine/network_options.h"

namespace fairlead::engine {
namespace {

using base::ErrorKind;

constexpr char kParent[] = "parent", kMacvlanMode[] = "macvlan_mode", kIpvlanMode[] = "ipvlan_mode",
               kIpvlanFlag[] = "ipvlan_flag", kHostAccess[] = "host_access";

/// One of the words, by its place among them; without the option stands what there is.
template <class Enum, std::size_t count>
base::Result<void> set_word(const Network& network, const char* key, const std::array<const char*, count>& words,
                            const char* driver, const char* what, Enum& value) {
  const auto at = network.options.find(key);
  if (at == network.options.end() || at->second.empty()) return {};
  const auto word = std::ranges::find(words, at->second);
  if (word == words.end()) {
    return base::fail(ErrorKind::invalid,
                      fmt::format("requested {} {} '{}' is not valid, '{}' {} is the {} driver default", driver, what,
                                  at->second, words.front(), what, driver));
  }
  value = static_cast<Enum>(word - words.begin());
  return {};
}

base::Result<void> set_modes(Network& network) {
  auto& parent = network.parent;
  if (network.driver == Driver::macvlan) {
    static constexpr std::array modes = {"bridge", "private", "vepa", "passthru"};
    return set_word(network, kMacvlanMode, modes, "macvlan", "mode", parent.macvlan);
  }
  static constexpr std::array modes = {"l2", "l3", "l3s"}, flags = {"bridge", "private", "vepa"};
  if (auto set = set_word(network, kIpvlanMode, modes, "ipvlan", "mode", parent.ipvlan); !set) return set;
  return set_word(network, kIpvlanFlag, flags, "ipvlan", "flag", parent.ipvlan_flag);
}

base::Result<void> set_host_access(Network& network) {
  auto& parent = network.parent;
  if (auto set = set_flag(network, kHostAccess, parent.host_access); !set) return set;
  if (parent.host_access && parent.macvlan != ports::MacvlanMode::bridge) {
    return base::fail(ErrorKind::invalid,
                      "host_access=true works in macvlan_mode=bridge only: in the other modes the "
                      "containers do not see a link beside them");
  }
  return {};
}

/// What bears a tag may go by another name too: `enlong0.50`.
std::string first_name(const ports::HostFacts& host, const std::string& asked) {
  if (host.links.contains(asked)) return asked;
  for (const auto dot : {asked.size(), asked.rfind('.')}) {
    const auto known = host.other_names.find(asked.substr(0, dot));
    if (known != host.other_names.end()) return known->second + asked.substr(std::min(dot, asked.size()));
  }
  return asked;
}

}  // namespace

base::Result<void> apply_parent_options(const ports::HostFacts& host, Network& network) {
  const bool macvlan = network.driver == Driver::macvlan;
  const auto known =
      macvlan ? check_keys(network, "macvlan", {kParent, kMacvlanMode, kHostAccess, kOptionMtu, kOptionPrefix})
              : check_keys(network, "ipvlan", {kParent, kIpvlanMode, kIpvlanFlag, kOptionMtu, kOptionPrefix});
  if (!known) return known;
  if (auto set = set_modes(network); !set) return set;
  if (auto set = set_host_access(network); !set) return set;
  if (auto set = set_mtu(network); !set) return set;
  if (auto set = set_prefix(network); !set) return set;
  const auto at = network.options.find(kParent);
  if (at == network.options.end() || at->second.empty()) return {};
  const auto name = first_name(host, at->second);
  if (name == "lo") {
    return base::fail(ErrorKind::invalid,
                      fmt::format("loopback interface is not a valid {} parent link", macvlan ? "macvlan" : "ipvlan"));
  }
  if (!is_interface_name(name))
    return base::fail(ErrorKind::invalid, fmt::format("invalid parent interface name \"{}\"", name));
  network.parent.name = name;
  return {};
}

base::Result<void> read_vlan_name(ParentLink& parent) {
  const auto dot = parent.name.find('.');
  if (dot == std::string::npos) {
    return base::fail(ErrorKind::invalid,
                      fmt::format("-o parent interface was not found on the host: {}", parent.name));
  }
  if (parent.name.find('.', dot + 1) != std::string::npos) {
    return base::fail(ErrorKind::invalid,
                      fmt::format("required interface name format is: name.vlan_id, ex. eth0.10 for "
                                  "vlan 10, instead received {}",
                                  parent.name));
  }
  const auto text = std::string_view(parent.name).substr(dot + 1);
  int id = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), id);
  // With a leading zero one tag would have two names.
  if (error != std::errc{} || end != text.data() + text.size() || text.starts_with('0')) {
    return base::fail(ErrorKind::invalid,
                      fmt::format("unable to parse a valid vlan id from: {} (ex. eth0.10 for vlan 10)", text));
  }
  // Twelve bits, of which the first and the last value are reserved (IEEE 802.1Q).
  if (id < 1 || id > 4094)
    return base::fail(ErrorKind::invalid, fmt::format("vlan id must be between 1-4094, received: {}", id));
  parent.base = parent.name.substr(0, dot);
  parent.vlan_id = static_cast<std::uint16_t>(id);
  return {};
}

}  // namespace fairlead::engine
