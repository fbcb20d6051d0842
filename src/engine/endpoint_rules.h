#pragma once
/// What may be asked of one network for one container.
#include "base/error.h"
#include "engine/state.h"

namespace fairlead::engine {

inline constexpr char kConnectToHost[] =
    "cannot connect container to host network - container must be created in host network mode";
inline constexpr char kConnectToNone[] =
    "container cannot be connected to multiple networks with one of the networks in private (none) mode";
inline constexpr char kConfigurationOnly[] = "cannot create endpoint on configuration-only network";
inline constexpr char kSharedNamespace[] =
    "container sharing network namespace with another container or host cannot be connected to any other network";

/// Refuses static addresses, aliases and MACs that the network has no room for, in Docker's words
/// (`invalid endpoint settings:\n…`). `network` is null when it does not exist (yet).
base::Result<void> check_request(const Network* network, const Attachment& attachment);

}  // namespace fairlead::engine
