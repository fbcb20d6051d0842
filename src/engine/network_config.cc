#include "engine/network_config.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "engine/address_pool.h"

namespace fairlead::engine {

void ipv4_first(std::vector<Subnet>& subnets) {
  std::vector<Subnet> sorted;
  for (const auto family : {base::Family::v4, base::Family::v6}) {
    std::ranges::copy_if(subnets, std::back_inserter(sorted),
                         [family](const Subnet& subnet) { return subnet.prefix.family() == family; });
  }
  subnets = std::move(sorted);
}
namespace {

using base::ErrorKind;
using base::Family;
using base::Prefix;

constexpr char kOverlap[] = "invalid pool request: Pool overlaps with other one on this address space";

using Complaints = std::vector<std::string>;

const char* block_of(const Prefix& subnet) {
  return subnet.family() == Family::v4 ? "parent subnet is an IPv4 block" : "parent subnet is an IPv6 block";
}

std::optional<base::Ip> parse_address(const std::string& text, const Prefix& subnet, const std::string& what,
                                      Complaints& wrong) {
  const auto address = base::Ip::parse(text);
  if (!address)
    wrong.push_back(fmt::format("invalid {}: invalid address", what));
  else if (address->family() != subnet.family())
    wrong.push_back(fmt::format("invalid {}: {}", what, block_of(subnet)));
  else if (!subnet.contains(*address)) {
    wrong.push_back(fmt::format("invalid {}: parent subnet {} doesn't contain this address", what, subnet.text()));
  }
  return address;
}

void parse_range(const std::string& text, Subnet& subnet, Complaints& wrong) {
  const auto range = Prefix::parse(text);
  const auto complain = [&](const std::string& why) {
    wrong.push_back(fmt::format("invalid ip-range {}: {}", text, why));
  };
  if (!range) return complain("invalid CIDR block notation");
  if (range->family() != subnet.prefix.family()) return complain(block_of(subnet.prefix));
  if (range->length() < subnet.prefix.length()) {
    complain(fmt::format("CIDR block is bigger than its parent subnet {}", subnet.prefix.text()));
  }
  if (!range->is_network()) complain("it should be " + range->network().text());
  if (!subnet.prefix.overlaps(*range))
    complain(fmt::format("parent subnet {} doesn't contain ip-range", subnet.prefix.text()));
  subnet.range = range;
}

std::optional<Subnet> parse_pool(const CreateNetwork::Pool& pool, bool ipv4, bool ipv6, Complaints& wrong) {
  const auto prefix = Prefix::parse(pool.subnet);
  if (!prefix) {
    wrong.push_back(fmt::format("invalid subnet {}: invalid CIDR block notation", pool.subnet));
    return std::nullopt;
  }
  if (!(prefix->family() == Family::v4 ? ipv4 : ipv6)) return std::nullopt;
  Subnet subnet{.prefix = prefix->network(), .asked = true};
  if (!prefix->is_network())
    wrong.push_back(fmt::format("invalid subnet {}: it should be {}", prefix->text(), subnet.prefix.text()));
  if (prefix->length() > prefix->address().bits() - 2)
    wrong.push_back(fmt::format("invalid subnet {}: it leaves no address for a container", prefix->text()));
  if (!pool.ip_range.empty()) parse_range(pool.ip_range, subnet, wrong);
  if (!pool.gateway.empty())
    subnet.gateway = parse_address(pool.gateway, subnet.prefix, "gateway " + pool.gateway, wrong);
  for (const auto& [name, text] : pool.auxiliary) {
    const auto address = parse_address(text, subnet.prefix, "auxiliary address " + name, wrong);
    if (address) subnet.auxiliary.emplace(name, *address);
  }
  return subnet;
}

/// What the host itself keeps new subnets from; host bits are not cleared.
std::vector<Prefix> host_subnets(const ports::HostFacts& host) {
  std::vector<Prefix> taken;
  for (const auto& route : host.routes) {
    if (route.length() > 1) taken.push_back(route);
  }
  taken.insert(taken.end(), host.addresses.begin(), host.addresses.end());
  return taken;
}

}  // namespace

base::Result<std::vector<Subnet>> parse_pools(const std::vector<CreateNetwork::Pool>& pools, bool ipv4, bool ipv6,
                                              const std::string& driver) {
  Complaints wrong;
  std::vector<Subnet> subnets;
  for (const auto& pool : pools) {
    // Clients send an empty pool for "any".
    const bool any = pool.subnet.empty() && pool.ip_range.empty() && pool.gateway.empty() && pool.auxiliary.empty();
    if (any) continue;
    if (auto subnet = parse_pool(pool, ipv4, ipv6, wrong)) subnets.push_back(*std::move(subnet));
  }
  if (!wrong.empty())
    return base::fail(ErrorKind::invalid, fmt::format("invalid network config:\n{}", fmt::join(wrong, "\n")));
  ipv4_first(subnets);
  const auto same_family = [](const Subnet& a, const Subnet& b) { return a.prefix.family() == b.prefix.family(); };
  if (std::ranges::adjacent_find(subnets, same_family) != subnets.end())
    return base::fail(ErrorKind::forbidden, fmt::format("{} driver doesn't support multiple subnets", driver));
  return subnets;
}

std::optional<base::Ip> first_gateway(const Subnet& subnet) {
  return next_address({.prefix = subnet.prefix, .auxiliary = subnet.auxiliary}, [](const base::Ip&) { return false; });
}

std::vector<Prefix> taken_subnets(const State& state, const ports::HostFacts& host) {
  auto taken = host_subnets(host);
  for (const auto& [id, network] : state.networks()) {
    if (network->config_only) continue;
    for (const auto& subnet : network->subnets) taken.push_back(subnet.prefix);
  }
  return taken;
}

base::Result<void> check_overlap(const State& state, const ports::HostFacts& host, const Prefix& wanted) {
  for (const auto& [id, network] : state.networks()) {
    if (network->config_only) continue;
    for (const auto& subnet : network->subnets) {
      if (subnet.prefix.overlaps(wanted))
        return base::fail(ErrorKind::forbidden, kOverlap, "with network " + network->name);
    }
  }
  for (const auto& prefix : host_subnets(host)) {
    if (!prefix.overlaps(wanted)) continue;
    return base::fail(ErrorKind::forbidden,
                      fmt::format("{}: the host itself uses {}", kOverlap, prefix.network().text()));
  }
  return {};
}

std::vector<AddressPool> pools_of(const Settings& settings, Family family) {
  std::vector<AddressPool> pools;
  for (const auto& pool : settings.address_pools) {
    if (pool.base.family() == family) pools.push_back(pool);
  }
  return pools.empty() && family == Family::v4 ? docker_address_pools() : pools;
}

base::Prefix draw_ula(const base::Entropy& entropy) {
  std::array<std::uint8_t, 16> bytes{0xfd};
  std::copy_n(entropy.begin(), 5, bytes.begin() + 1);
  return {base::Ip::v6(bytes), 48};
}

namespace {

/// The host's own routes and addresses that lie in the pools; those of our bridges are not meant.
std::vector<std::string> host_routes_within(const State& state, const std::vector<AddressPool>& pools,
                                            const ports::HostFacts& host) {
  std::vector<std::string> found;
  for (const auto& route : host_subnets(host)) {
    const auto is_ours = [&](const auto& entry) {
      return std::ranges::any_of(entry.second->subnets, [&](const Subnet& s) { return s.prefix.overlaps(route); });
    };
    const auto holds = [&](const AddressPool& pool) { return pool.base.overlaps(route); };
    if (std::ranges::none_of(pools, holds) || std::ranges::any_of(state.networks(), is_ours)) continue;
    auto text = route.network().text();
    if (std::ranges::find(found, text) == found.end()) found.push_back(std::move(text));
  }
  return found;
}

constexpr std::size_t kRoutesTold = 4;

}  // namespace

std::unexpected<base::Error> pools_used_up(const State& state, const std::vector<AddressPool>& pools,
                                           const ports::HostFacts& host) {
  const auto networks = std::ranges::count_if(state.networks(), [](const auto& entry) {
    return entry.second->driver == Driver::bridge && !entry.second->config_only;
  });
  auto routes = host_routes_within(state, pools, host);
  const auto more = routes.size() > kRoutesTold ? fmt::format(" and {} more", routes.size() - kRoutesTold) : "";
  routes.resize(std::min(routes.size(), kRoutesTold));
  const auto skipped =
      routes.empty() ? "" : fmt::format(" and the host itself routes {}{}", fmt::join(routes, ", "), more);
  return base::fail(ErrorKind::invalid,
                    fmt::format("all predefined address pools have been fully subnetted: {} bridge networks exist{}; "
                                "--default-address-pool base=CIDR,size=BITS (default-address-pools in the "
                                "configuration file) gives more and smaller subnets, --subnet names one",
                                networks, skipped));
}

}  // namespace fairlead::engine
