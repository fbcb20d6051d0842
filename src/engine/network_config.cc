#include "engine/network_config.h"

#include <fmt/format.h>

#include <algorithm>

namespace fairlead::engine {
namespace {

using base::ErrorKind;
using base::Prefix;

constexpr char kOverlap[] = "invalid pool request: Pool overlaps with other one on this address space";

using Complaints = std::vector<std::string>;

std::optional<base::Ip> parse_address(const std::string& text, const Prefix& subnet, const std::string& what,
                                      Complaints& wrong) {
  const auto address = base::Ip::parse(text);
  if (!address)
    wrong.push_back(fmt::format("invalid {}: invalid address", what));
  else if (!address->is_v4())
    wrong.push_back(fmt::format("invalid {}: parent subnet is an IPv4 block", what));
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
  if (range->family() != subnet.prefix.family()) return complain("parent subnet is an IPv4 block");
  if (range->length() < subnet.prefix.length()) {
    complain(fmt::format("CIDR block is bigger than its parent subnet {}", subnet.prefix.text()));
  }
  if (!range->is_network()) complain("it should be " + range->network().text());
  if (!subnet.prefix.overlaps(*range))
    complain(fmt::format("parent subnet {} doesn't contain ip-range", subnet.prefix.text()));
  subnet.range = range;
}

std::optional<Subnet> parse_pool(const CreateNetwork::Pool& pool, Complaints& wrong) {
  const auto prefix = Prefix::parse(pool.subnet);
  if (!prefix) {
    wrong.push_back(fmt::format("invalid subnet {}: invalid CIDR block notation", pool.subnet));
    return std::nullopt;
  }
  if (prefix->family() != base::Family::v4) return std::nullopt;
  Subnet subnet{.prefix = prefix->network(), .asked = true};
  if (!prefix->is_network())
    wrong.push_back(fmt::format("invalid subnet {}: it should be {}", prefix->text(), subnet.prefix.text()));
  if (prefix->length() > 30)
    wrong.push_back(fmt::format("invalid subnet {}: it leaves no address for a container", prefix->text()));
  if (!pool.ip_range.empty()) parse_range(pool.ip_range, subnet, wrong);
  if (!pool.gateway.empty())
    subnet.gateway = parse_address(pool.gateway, subnet.prefix, "gateway " + pool.gateway, wrong);
  else
    subnet.gateway = subnet.prefix.address().plus(1);
  for (const auto& [name, text] : pool.auxiliary) {
    const auto address = parse_address(text, subnet.prefix, "auxiliary address " + name, wrong);
    if (address) subnet.auxiliary.emplace(name, *address);
  }
  return subnet;
}

}  // namespace

base::Result<std::vector<Subnet>> parse_pools(const std::vector<CreateNetwork::Pool>& pools) {
  Complaints wrong;
  std::vector<Subnet> subnets;
  for (const auto& pool : pools) {
    if (auto subnet = parse_pool(pool, wrong)) subnets.push_back(*std::move(subnet));
  }
  if (!wrong.empty())
    return base::fail(ErrorKind::invalid, fmt::format("invalid network config:\n{}", fmt::join(wrong, "\n")));
  if (subnets.size() > 1) return base::fail(ErrorKind::invalid, "bridge driver doesn't support multiple subnets");
  return subnets;
}

std::vector<Prefix> taken_subnets(const State& state, const ports::HostFacts& host) {
  std::vector<Prefix> taken;
  for (const auto& [id, network] : state.networks()) {
    for (const auto& subnet : network->subnets) taken.push_back(subnet.prefix);
  }
  for (const auto& route : host.routes) {
    if (route.length() > 1) taken.push_back(route.network());
  }
  for (const auto& address : host.addresses) taken.push_back(address.network());
  std::erase_if(taken, [](const Prefix& p) { return p.family() != base::Family::v4; });
  return taken;
}

base::Result<void> check_overlap(const State& state, const ports::HostFacts& host, const Prefix& wanted) {
  for (const auto& [id, network] : state.networks()) {
    for (const auto& subnet : network->subnets) {
      if (subnet.prefix.overlaps(wanted))
        return base::fail(ErrorKind::forbidden, kOverlap, "with network " + network->name);
    }
  }
  for (const auto& prefix : taken_subnets(state, host)) {
    if (!prefix.overlaps(wanted)) continue;
    return base::fail(ErrorKind::forbidden, fmt::format("{}: the host itself uses {}", kOverlap, prefix.text()));
  }
  return {};
}

std::vector<AddressPool> pools_of(const Settings& settings) {
  return settings.address_pools.empty() ? docker_address_pools() : settings.address_pools;
}

}  // namespace fairlead::engine
