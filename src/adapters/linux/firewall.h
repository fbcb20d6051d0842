#pragma once
#include <memory>

#include "ports/kernel.h"

namespace fairlead::linuxnet {

/// Our nftables tables (family inet) in the network namespace of the calling thread, for as long as the object lives.
/// Where the kernel has tables that persist (6.9) ours belongs to this object: others cannot change it, and it stays
/// when the object goes, for the next to adopt. `own_table` false does without, as on an older kernel. Needs
/// CAP_NET_ADMIN.
base::Result<std::unique_ptr<ports::Firewall>> make_firewall(bool own_table = true);

}  // namespace fairlead::linuxnet
