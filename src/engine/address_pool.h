#pragma once
/// Choosing subnets for networks and addresses for containers. Pure.
#include <functional>
#include <optional>
#include <vector>

#include "base/ip.h"
#include "engine/records.h"
#include "engine/settings.h"

namespace fairlead::engine {

/// The first subnet of the pools of that family that overlaps none of `taken`.
std::optional<base::Prefix> pick_subnet(const std::vector<AddressPool>& pools, const std::vector<base::Prefix>& taken,
                                        base::Family family = base::Family::v4);

/// Whether a container may ever live there: neither gateway nor auxiliary, nor the subnet's first address, nor IPv4's
/// last.
bool is_assignable(const Subnet& subnet, const base::Ip& address);

/// The next free address after the subnet's cursor, going round once, inside its range. `is_taken` tells those in use.
std::optional<base::Ip> next_address(const Subnet& subnet, const std::function<bool(const base::Ip&)>& is_taken);

}  // namespace fairlead::engine
