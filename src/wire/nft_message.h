#pragma once
/// How every nf_tables message begins, and the comments that nft(8) keeps with things. Internal to `wire`.
#include <linux/netlink.h>

#include <cstdint>
#include <string>

#include "wire/netlink_batch.h"

namespace fairlead::wire {

/// Type of a message of the nf_tables subsystem, such as NFT_MSG_NEWTABLE.
std::uint16_t nft_type(int message);
/// Starts a request; `resource` is for the brackets of a transaction only.
nlmsghdr* begin_nft(NetlinkBatch& batch, std::uint16_t type, std::uint16_t flags, std::uint8_t family,
                    std::uint16_t resource = 0);
/// Whether it is such a message, with its whole header.
bool is_nft(const nlmsghdr* message, int type);
/// Puts a comment as user data, cut to 254 bytes.
void put_nft_comment(nlmsghdr* header, std::uint16_t attribute, const std::string& comment);

}  // namespace fairlead::wire
