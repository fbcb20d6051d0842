#include "adapters/linux/link_kind.h"

#include <linux/if_link.h>

#include <algorithm>
#include <array>

namespace fairlead::linuxnet {
namespace {

// By the order of the enumerations in ports/objects.h.
constexpr std::array<std::uint32_t, 4> macvlan_modes = {MACVLAN_MODE_BRIDGE, MACVLAN_MODE_PRIVATE, MACVLAN_MODE_VEPA,
                                                        MACVLAN_MODE_PASSTHRU};
constexpr std::array<std::uint32_t, 3> ipvlan_modes = {IPVLAN_MODE_L2, IPVLAN_MODE_L3, IPVLAN_MODE_L3S};
constexpr std::array<std::uint16_t, 3> ipvlan_flags = {0, IPVLAN_F_PRIVATE, IPVLAN_F_VEPA};

template <class Enum, class Values>
std::optional<Enum> back(const Values& values, std::uint32_t value) {
  const auto at = std::ranges::find(values, value);
  if (at == values.end()) return std::nullopt;
  return static_cast<Enum>(at - values.begin());
}

}  // namespace

std::string_view kernel_kind(const ports::Link& link) {
  static constexpr std::array<std::string_view, 6> names = {"loopback", "bridge", "veth", "macvlan", "ipvlan", "vlan"};
  static_assert(names.size() == std::variant_size_v<ports::LinkKind>);
  return names.at(link.kind.index());
}

wire::ChildLink child_of(const ports::Link& link) {
  wire::ChildLink child{.kind = std::string(kernel_kind(link))};
  if (const auto* macvlan = std::get_if<ports::MacvlanLink>(&link.kind))
    child.mode = macvlan_modes.at(static_cast<std::size_t>(macvlan->mode));
  if (const auto* ipvlan = std::get_if<ports::IpvlanLink>(&link.kind)) {
    child.mode = ipvlan_modes.at(static_cast<std::size_t>(ipvlan->mode));
    child.flags = ipvlan_flags.at(static_cast<std::size_t>(ipvlan->flag));
  }
  if (const auto* vlan = std::get_if<ports::VlanLink>(&link.kind)) child.vlan = vlan->id;
  return child;
}

std::optional<ports::LinkKind> child_kind(const wire::LinkRecord& found, std::string parent) {
  if (found.kind == "vlan") return ports::VlanLink{std::move(parent), found.vlan};
  if (found.kind == "macvlan") {
    const auto mode = back<ports::MacvlanMode>(macvlan_modes, found.mode);
    if (mode) return ports::MacvlanLink{std::move(parent), *mode};
  }
  if (found.kind == "ipvlan") {
    const auto mode = back<ports::IpvlanMode>(ipvlan_modes, found.mode);
    const auto flag = back<ports::IpvlanFlag>(ipvlan_flags, found.flags);
    if (mode && flag) return ports::IpvlanLink{std::move(parent), *mode, *flag};
  }
  return std::nullopt;
}

}  // namespace fairlead::linuxnet
