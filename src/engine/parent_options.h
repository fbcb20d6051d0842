#pragma once
#include "base/error.h"
#include "engine/records.h"

namespace fairlead::engine {

/// Sets from its options what a macvlan or ipvlan network makes of them; 400 in Docker's words when a value cannot be
/// read or a key is not known.
base::Result<void> apply_parent_options(Network& network);
/// Parts `eth0.50` into the link that carries the tag, and the tag.
base::Result<void> read_vlan_name(ParentLink& parent);

}  // namespace fairlead::engine
