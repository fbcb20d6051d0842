#include "engine/address_pool.h"

#include <algorithm>
#include <cstdint>

namespace fairlead::engine {
namespace {

/// The subnets of one pool, from its beginning. What is in the way is jumped over as a whole, so that a big pool with
/// small subnets costs no more than the networks that there are.
std::optional<base::Prefix> pick_from(const AddressPool& pool, const std::vector<base::Prefix>& taken) {
  const auto whole = pool.base.network();
  if (whole.family() != base::Family::v4 || pool.size < whole.length() || pool.size > 32) return std::nullopt;
  const std::uint64_t step = std::uint64_t{1} << (32 - pool.size);
  const std::uint64_t end = std::uint64_t{whole.last().as_u32()} + 1;
  for (std::uint64_t at = whole.address().as_u32(); at + step <= end;) {
    const base::Prefix candidate(base::Ip::v4(static_cast<std::uint32_t>(at)), pool.size);
    const auto blocker = std::ranges::find_if(taken, [&](const base::Prefix& p) { return p.overlaps(candidate); });
    if (blocker == taken.end()) return candidate;
    const std::uint64_t after = std::max(std::uint64_t{blocker->last().as_u32()} + 1, at + step);
    at = (after + step - 1) / step * step;
  }
  return std::nullopt;
}

}  // namespace

std::optional<base::Prefix> pick_subnet(const std::vector<AddressPool>& pools, const std::vector<base::Prefix>& taken) {
  for (const auto& pool : pools) {
    if (auto found = pick_from(pool, taken)) return found;
  }
  return std::nullopt;
}

bool is_assignable(const Subnet& subnet, const base::Ip& address) {
  if (!subnet.prefix.contains(address) || address == subnet.gateway) return false;
  if (address == subnet.prefix.address() || address == subnet.prefix.last()) return false;
  return std::ranges::none_of(subnet.auxiliary, [&](const auto& entry) { return entry.second == address; });
}

std::optional<base::Ip> next_address(const Subnet& subnet, const std::function<bool(const base::Ip&)>& is_taken) {
  const base::Prefix pool = subnet.range.value_or(subnet.prefix).network();
  if (pool.family() != base::Family::v4) return std::nullopt;
  const std::uint64_t count = std::uint64_t{1} << (32 - pool.length());
  const bool resume = subnet.cursor && pool.contains(*subnet.cursor);
  const std::uint64_t first = resume ? subnet.cursor->as_u32() - std::uint64_t{pool.address().as_u32()} + 1 : 0;
  for (std::uint64_t i = 0; i < count; ++i) {
    const auto address = pool.address().plus((first + i) % count);
    if (is_assignable(subnet, address) && !is_taken(address)) return address;
  }
  return std::nullopt;
}

}  // namespace fairlead::engine
