#pragma once
/// Reading what a user says about a new network's subnets.
#include <vector>

#include "engine/command.h"
#include "engine/state.h"

namespace fairlead::engine {

/// The IPv4 subnets asked for, checked each by itself; all that is wrong is told at once, in Docker's words
/// (`invalid network config:\n…`). Subnets of a family that the network does not have are left out, as Docker does.
base::Result<std::vector<Subnet>> parse_pools(const std::vector<CreateNetwork::Pool>& pools);

/// Every subnet that a new one must keep clear of: those of networks, the host's routes and its addresses. Routes that
/// stand for "everywhere", such as a VPN's 0.0.0.0/1, do not count.
std::vector<base::Prefix> taken_subnets(const State& state, const ports::HostFacts& host);

/// 403 `invalid pool request: Pool overlaps with other one on this address space` when a subnet clashes.
base::Result<void> check_overlap(const State& state, const ports::HostFacts& host, const base::Prefix& wanted);

/// The pools to cut subnets from: the administrator's, else Docker's.
std::vector<AddressPool> pools_of(const Settings& settings);

}  // namespace fairlead::engine
