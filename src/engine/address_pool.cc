#include "engine/address_pool.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <utility>

namespace fairlead::engine {
namespace {

/// An address of either family as a number.
__extension__ using Number = unsigned __int128;

Number number_of(const base::Ip& ip) {
  Number number = 0;
  for (const auto byte : ip.bytes()) number = number << 8 | byte;
  return number;
}

base::Ip address_of(base::Family family, Number number) {
  std::array<std::uint8_t, 16> bytes{};
  for (auto byte = bytes.rbegin(); byte != bytes.rend(); ++byte, number >>= 8)
    *byte = static_cast<std::uint8_t>(number);
  if (family == base::Family::v6) return base::Ip::v6(bytes);
  return *base::Ip::from_bytes({bytes.data() + 12, 4});
}

/// First and last address of what is in the way.
using Blocked = std::pair<Number, Number>;

std::vector<Blocked> blocked_by(const std::vector<base::Prefix>& taken, base::Family family) {
  std::vector<Blocked> blocked;
  blocked.reserve(taken.size());
  for (const auto& prefix : taken) {
    if (prefix.family() != family) continue;
    const int host_bits = prefix.address().bits() - prefix.length();
    const Number hosts = host_bits == 128 ? ~Number{0} : (Number{1} << host_bits) - 1;
    const Number inside = number_of(prefix.address());
    blocked.emplace_back(inside & ~hosts, inside | hosts);
  }
  std::ranges::sort(blocked);
  return blocked;
}

/// The subnets of one pool, from its beginning, in one walk along what is in the way (sorted): each is jumped over as a
/// whole, so that a big pool with small subnets costs no more than the networks that there are.
std::optional<base::Prefix> pick_from(const AddressPool& pool, const std::vector<Blocked>& blocked) {
  const auto whole = pool.base.network();
  if (pool.size < 1 || pool.size < whole.length() || pool.size > whole.address().bits()) return std::nullopt;
  const Number span = (Number{1} << (whole.address().bits() - pool.size)) - 1;  // addresses behind a subnet's first
  const Number last = number_of(whole.last());
  auto blocker = blocked.begin();
  for (Number at = number_of(whole.address()); at <= last && last - at >= span;) {
    while (blocker != blocked.end() && blocker->second < at) ++blocker;
    if (blocker == blocked.end() || blocker->first > at + span)
      return base::Prefix(address_of(whole.family(), at), pool.size);
    const Number behind = std::max(blocker->second, at + span) | span;
    if (behind >= last) return std::nullopt;
    at = behind + 1;
  }
  return std::nullopt;
}

}  // namespace

std::optional<base::Prefix> pick_subnet(const std::vector<AddressPool>& pools, const std::vector<base::Prefix>& taken,
                                        base::Family family) {
  const auto blocked = blocked_by(taken, family);
  for (const auto& pool : pools) {
    if (pool.base.family() != family) continue;
    if (auto found = pick_from(pool, blocked)) return found;
  }
  return std::nullopt;
}

bool is_assignable(const Subnet& subnet, const base::Ip& address) {
  if (!subnet.prefix.contains(address) || address == subnet.gateway) return false;
  // The first is the subnet itself, or in IPv6 any of its routers (RFC 4291, 2.6.1); a broadcast is IPv4's alone.
  if (address == subnet.prefix.address() || (address.is_v4() && address == subnet.prefix.last())) return false;
  return std::ranges::none_of(subnet.auxiliary, [&](const auto& entry) { return entry.second == address; });
}

std::optional<base::Ip> next_address(const Subnet& subnet, const std::function<bool(const base::Ip&)>& is_taken) {
  const base::Prefix pool = subnet.range.value_or(subnet.prefix).network();
  // No network has more than 2^62 containers, so that a wider pool is never walked to its end.
  const int host_bits = std::min(pool.address().bits() - pool.length(), 62);
  const std::uint64_t count = std::uint64_t{1} << host_bits;
  const bool resume = subnet.cursor && pool.contains(*subnet.cursor);
  const auto given = resume ? number_of(*subnet.cursor) - number_of(pool.address()) + 1 : Number{0};
  const auto first = static_cast<std::uint64_t>(given % count);
  for (std::uint64_t i = 0; i < count; ++i) {
    const auto address = pool.address().plus((first + i) % count);
    if (is_assignable(subnet, address) && !is_taken(address)) return address;
  }
  return std::nullopt;
}

}  // namespace fairlead::engine
