#pragma once
/// Flows as the kernel's connection tracking tells of them (linux/netfilter/nfnetlink_conntrack.h).
#include <linux/netlink.h>

#include <cstdint>
#include <optional>

#include "base/ip.h"
#include "wire/netlink_batch.h"

namespace fairlead::wire {

/// One direction of a flow. Ports are there for protocols that have them.
struct FlowTuple {
  base::Ip source, destination;
  std::uint8_t protocol = 0;
  std::optional<std::uint16_t> source_port, destination_port;
  bool operator==(const FlowTuple&) const = default;
};

/// Before translation it is `original`; what comes back, to the addresses after translation, is `reply`.
struct FlowRecord {
  FlowTuple original, reply;
  bool operator==(const FlowRecord&) const = default;
};

/// One request for all flows; of one family, or of both.
void put_dump_flows(NetlinkBatch& batch, std::optional<base::Family> family);
/// One acknowledged request to forget the very flow that `message` tells of (and no later one that looks the same);
/// nothing, and false, if the message names none: the kernel would forget all.
bool put_forget_flow(NetlinkBatch& batch, const nlmsghdr* message);

/// Reads an IPCTNL_MSG_CT_NEW message; nothing if it is another or malformed.
std::optional<FlowRecord> parse_flow(const nlmsghdr* message);

}  // namespace fairlead::wire
