#pragma once
#include <memory>

#include "ports/kernel.h"
#include "ports/socket_keeper.h"

namespace fairlead::linuxnet {

/// How far the kernel keeps others from our table.
enum class TableOwnership {
  none,        ///< not at all
  while_open,  ///< until the last descriptor of the owning socket is closed (5.12)
  persistent,  ///< also then it stays, for the next owner to adopt (6.9)
};

/// Key under which the owning socket is kept where the table is owned while that is open.
inline constexpr const char* table_socket_key = "table";

/// Our nftables tables (family inet) in the network namespace of the calling thread, for as long as the object lives.
/// Ours belongs to this object as far as the kernel can, at `most` as said: others cannot change it then, and it stays
/// when the object goes. Where it would not, a copy of the socket is left with `keeper`, which must outlive the object;
/// without one the table stays open to all. Needs CAP_NET_ADMIN.
base::Result<std::unique_ptr<ports::Firewall>> make_firewall(ports::SocketKeeper* keeper = nullptr,
                                                             TableOwnership most = TableOwnership::persistent);

}  // namespace fairlead::linuxnet
