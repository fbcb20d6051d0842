#pragma once
/// Interface addresses and routes as rtnetlink(7) speaks of them.
#include <linux/netlink.h>

#include <cstdint>
#include <optional>

#include "base/ip.h"
#include "wire/netlink_batch.h"

namespace fairlead::wire {

struct AddressRecord {
  std::uint32_t index = 0;
  base::Prefix prefix;
};

struct RouteRecord {
  base::Prefix destination;
  std::optional<base::Ip> via;
  std::optional<base::Ip> source;  ///< preferred source address; written, not read
  std::uint32_t device = 0;        ///< index; of several next hops the first
  std::uint32_t metric = 0;
  std::uint32_t table = 0;
  std::uint8_t protocol = 0;
  std::uint8_t type = 0;  ///< RTN_UNICAST 1, …
};

/// Each appends one acknowledged request. New ones must not exist yet (EEXIST). IPv6 addresses are usable at once:
/// whoever hands them out knows that they are unique, so duplicate detection is skipped.
void put_new_address(NetlinkBatch& batch, const AddressRecord& address, std::uint8_t protocol);
void put_delete_address(NetlinkBatch& batch, const AddressRecord& address);
/// A unicast route; `table` and `type` of the record are not looked at: the main table is meant.
void put_new_route(NetlinkBatch& batch, const RouteRecord& route);
/// By destination, metric and protocol, so that another's route is never taken.
void put_delete_route(NetlinkBatch& batch, const RouteRecord& route);
void put_dump_addresses(NetlinkBatch& batch);
void put_dump_routes(NetlinkBatch& batch);

/// Reads RTM_NEWADDR, and RTM_NEWROUTE or RTM_DELROUTE; nothing if the message is another or malformed.
std::optional<AddressRecord> parse_address(const nlmsghdr* message);
std::optional<RouteRecord> parse_route(const nlmsghdr* message);

}  // namespace fairlead::wire
