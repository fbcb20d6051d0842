#pragma once
/// Reading what a user says about a new network's subnets.
#include <optional>
#include <vector>

#include "engine/command.h"
#include "engine/state.h"

namespace fairlead::engine {

/// The subnets asked for, IPv4 first, checked each by itself; all that is wrong is told at once, in Docker's words
/// (`invalid network config:\n…`). Subnets of a family that the network does not have are left out, as Docker does;
/// 403 for two of one family. A gateway that was not asked for is left open.
base::Result<std::vector<Subnet>> parse_pools(const std::vector<CreateNetwork::Pool>& pools, bool ipv4, bool ipv6,
                                              const std::string& driver);

/// The gateway of a subnet for which none was asked: the first address that is not auxiliary.
std::optional<base::Ip> first_gateway(const Subnet& subnet);

/// Every subnet that a new one must keep clear of: those of networks, the host's routes and its addresses. Routes that
/// stand for "everywhere", such as a VPN's 0.0.0.0/1, do not count. Host bits may be set.
std::vector<base::Prefix> taken_subnets(const State& state, const ports::HostFacts& host);

/// 403 `invalid pool request: Pool overlaps with other one on this address space` when a subnet clashes.
base::Result<void> check_overlap(const State& state, const ports::HostFacts& host, const base::Prefix& wanted);

/// The pools to cut subnets from: the administrator's of that family, else Docker's (none for IPv6).
std::vector<AddressPool> pools_of(const Settings& settings, base::Family family = base::Family::v4);

/// A /48 of our own out of fd00::/8, its global id random (RFC 4193, section 3.2).
base::Prefix draw_ula(const base::Entropy& entropy);

/// 400 `all predefined address pools have been fully subnetted`, with how many networks there are, which routes of the
/// host stand in `pools`, and what helps.
std::unexpected<base::Error> pools_used_up(const State& state, const std::vector<AddressPool>& pools,
                                           const ports::HostFacts& host);

/// Puts the IPv4 subnets before the IPv6 ones; within a family the order stays.
void ipv4_first(std::vector<Subnet>& subnets);

}  // namespace fairlead::engine
