#pragma once
/// Tables as raw messages: what the kernel shows of a table's sets, chains and rules is, but for a few attributes, what
/// it takes to make them again (linux/netfilter/nf_tables.h). Family inet throughout.
#include <linux/netlink.h>

#include <cstdint>
#include <string>

#include "wire/netlink_batch.h"

namespace fairlead::wire {

/// Flags of a table. The headers of Debian 12 do not know the second.
inline constexpr std::uint32_t nft_table_owner = 0x2;    ///< only the socket that made it may change it (5.12)
inline constexpr std::uint32_t nft_table_persist = 0x4;  ///< it stays when that socket goes, for another to adopt (6.9)

/// A table that belongs to the sending socket; goes with the last descriptor of that socket unless it `persists`. For
/// one that persists without an owner: takes it over.
void put_nft_owned_table(NetlinkBatch& batch, const std::string& table, const std::string& comment, bool persists);
/// `ENOENT` for one that is not there.
void put_nft_delete_table(NetlinkBatch& batch, const std::string& table);
/// Dumps of one table, in the order in which they can be replayed.
void put_nft_dump_chains(NetlinkBatch& batch);
void put_nft_dump_rules(NetlinkBatch& batch, const std::string& table);

/// Puts the request that makes the set, chain or rule which a dump's message shows; `id` tells the sets of one
/// transaction apart. False for any other message, one without a name, and one too large for a request.
bool put_nft_replay(NetlinkBatch& batch, const nlmsghdr* message, std::uint32_t id);

}  // namespace fairlead::wire
