#pragma once
/// What the kernel announces to everybody (multicast) when something goes: rtnetlink(7) and nfnetlink.
#include <linux/netlink.h>

#include <optional>
#include <string>
#include <variant>

#include "base/ip.h"

namespace fairlead::wire {

/// A link that was deleted, was set down, or left its bridge.
struct LostLink {
  std::string name;
  bool operator==(const LostLink&) const = default;
};
struct LostAddress {
  base::Prefix prefix;
  bool operator==(const LostAddress&) const = default;
};
/// A route of the main table.
struct LostRoute {
  base::Prefix destination;
  std::uint8_t protocol;  ///< rtm_protocol: who had made it
  bool operator==(const LostRoute&) const = default;
};
/// The whole host ceased to forward packets of a family.
struct LostForwarding {
  base::Family family;
  bool operator==(const LostForwarding&) const = default;
};
/// A link that was made or set up.
struct FoundLink {
  std::string name;
  bool operator==(const FoundLink&) const = default;
};
/// What a link that is up has on its wire. The kernel does not say what changed of it, and often nothing of this did.
struct LinkCarrier {
  std::string name;
  bool is_there;
  bool operator==(const LinkCarrier&) const = default;
};
using LinkLoss = std::variant<LostLink, LostAddress, LostRoute, LostForwarding, FoundLink, LinkCarrier>;

/// Reads RTM_DELLINK, RTM_DELADDR, RTM_DELROUTE, the RTM_NEWLINK of a link that is new, up or goes down and the
/// RTM_NEWNETCONF of forwarding that is switched off; nothing if the message is another or malformed.
std::optional<LinkLoss> parse_link_loss(const nlmsghdr* message);

/// A table, or something in it, was deleted; the transaction that it was part of is announced last.
struct LostInTable {
  std::string table;
  bool operator==(const LostInTable&) const = default;
};
struct NftCommit {
  std::string program;  ///< name of the thread that made it, at most 15 bytes (comm of proc(5))
  bool operator==(const NftCommit&) const = default;
};
using NftNotice = std::variant<LostInTable, NftCommit>;

/// Reads NFT_MSG_DELTABLE, DELCHAIN, DELRULE, DELSET, DELSETELEM and NEWGEN; nothing if the message is another or
/// malformed.
std::optional<NftNotice> parse_nft_notice(const nlmsghdr* message);

}  // namespace fairlead::wire
