#pragma once
#include "base/error.h"
#include "engine/records.h"
#include "ports/kernel.h"

namespace fairlead::engine {

/// Sets from its options what a macvlan or ipvlan network makes of them; 400 in Docker's words when a value cannot be
/// read or a key is not known.
/// A parent is remembered by its first name, whichever was asked for.
base::Result<void> apply_parent_options(const ports::HostFacts& host, Network& network);
/// Parts `eth0.50` into the link that carries the tag, and the tag.
base::Result<void> read_vlan_name(ParentLink& parent);

}  // namespace fairlead::engine
