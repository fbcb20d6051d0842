#pragma once
/// The host's link under a macvlan or ipvlan network. Pure.
#include <set>
#include <string>

#include "base/error.h"
#include "engine/command.h"
#include "engine/decide.h"
#include "engine/state.h"

namespace fairlead::engine {

/// The kinds of link that the network may be made of; a kernel need not have them. None for a bridge.
std::set<std::string> link_kinds(const State& state, const CreateNetwork& command);
/// Reads the network's options into `network.parent` and finds out what that parent is; refuses what the host does not
/// have, what the kernel cannot make (501), and what it would refuse beside the networks that are there.
base::Result<void> settle_parent(const State& state, const Facts& facts, Network& network);
/// Puts the host's own address on the network aside, where it has one; the subnets must be settled.
base::Result<void> reserve_host_addresses(Network& network);
/// Whether one more container may live on the network: passthru takes one, and a parent must be there.
base::Result<void> check_seat(const State& state, const Network& network, const Container& container);
/// The hardware address that the parent dictates; none where each container has its own.
std::optional<base::Mac> dictated_mac(const Network& network);
/// Compares what is known of every parent with the host, and says what changed.
void see_parents(const State& state, const Facts& facts, Decision& decision);

/// Whether its containers reach nobody but each other: internal, or without a parent.
bool leads_nowhere(const Network& network);
/// Whether its one container takes the parent over.
bool is_passthru(const Network& network);
/// Whether its containers are routed to, without hardware addresses: no gateway answers them, and none is needed.
bool is_layer3(const Network& network);
/// Name of the host's own link beside the containers'.
std::string shim_of(const Network& network);
/// The host's own address in that subnet; null when it has none.
const base::Ip* host_address(const Subnet& subnet);
/// Namespace of its own that an isolated network keeps (docs/decisions/0014); empty for others.
std::string isolation_netns(const Network& network);
/// The host's link that it depends on: of a tagged link of ours the one that bears the tag.
const std::string& bearer_of(const ParentLink& parent);
/// What is wrong with it, in words: `eth0 has no carrier`; empty when nothing is.
std::string complaint_of(const ParentLink& parent);

}  // namespace fairlead::engine
