#pragma once
/// Links as rtnetlink(7) speaks of them.
#include <linux/netlink.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/ip.h"
#include "wire/netlink_batch.h"

namespace fairlead::wire {

/// What one RTM_NEWLINK message says of an interface, as far as we care.
struct LinkRecord {
  std::uint32_t index = 0;
  std::string name;
  std::string kind;  ///< `bridge`, `veth`, …; empty for physical ones and loopback
  std::uint32_t mtu = 0;
  std::uint32_t master = 0;  ///< index of the bridge, 0 for none
  std::uint32_t peer_index =
      0;                    ///< IFLA_LINK: a veth's other end, or the link this one stands on, in its own namespace
  std::uint32_t mode = 0;   ///< IFLA_MACVLAN_MODE or IFLA_IPVLAN_MODE
  std::uint16_t flags = 0;  ///< IFLA_IPVLAN_FLAGS
  std::uint16_t vlan = 0;   ///< IFLA_VLAN_ID
  std::uint32_t group = 0;
  std::optional<base::Mac> mac;
  std::string alias;
  std::vector<std::string> other_names;  ///< IFLA_ALT_IFNAME
  bool up = false;
  bool carrier = false;                    ///< `has_carrier`
  bool hairpin = false, isolated = false;  ///< of a bridge port
};

/// Attributes to give to a link; absent ones are left as they are.
struct LinkAttributes {
  std::optional<std::uint32_t> mtu, master, group;
  std::optional<base::Mac> mac;
  std::optional<std::string> alias;
  std::optional<std::string> name;  ///< a new one; for links that exist and are down
  std::optional<bool> up;
};

/// The other end of a veth pair.
struct VethPeer {
  std::string name;
  base::Mac mac;
  std::optional<std::uint32_t> mtu;
  int netns_fd = -1;  ///< namespace that it is made in; -1: the same
};

/// A link that stands on another one.
struct ChildLink {
  std::string kind;                          ///< `macvlan`, `ipvlan` or `vlan`
  std::uint32_t parent = 0;                  ///< index
  std::optional<std::int32_t> parent_netns;  ///< number under which the namespace of the request knows the parent's
  std::uint32_t mode = 0;                    ///< IFLA_MACVLAN_MODE or IFLA_IPVLAN_MODE
  std::uint16_t flags = 0;                   ///< IFLA_IPVLAN_FLAGS
  std::uint16_t vlan = 0;                    ///< IFLA_VLAN_ID
};

/// Each appends one acknowledged request. The kernel looks at no alias in a creation. Names must fit IFNAMSIZ and
/// aliases 255 bytes.
void put_new_bridge(NetlinkBatch& batch, const std::string& name, const LinkAttributes& attributes);
void put_new_veth(NetlinkBatch& batch, const std::string& name, const LinkAttributes& attributes, const VethPeer& peer);
void put_new_child(NetlinkBatch& batch, const std::string& name, const LinkAttributes& attributes,
                   const ChildLink& child);
void put_set_link(NetlinkBatch& batch, std::uint32_t index, const LinkAttributes& attributes);
void put_set_bridge_port(NetlinkBatch& batch, std::uint32_t index, bool hairpin, bool isolated);
void put_get_link(NetlinkBatch& batch, const std::string& name);
void put_delete_link(NetlinkBatch& batch, std::uint32_t index);
/// Deletes every link of the group in one go; the kernel answers ENODEV when there is none.
void put_delete_link_group(NetlinkBatch& batch, std::uint32_t group);
void put_dump_links(NetlinkBatch& batch);
/// Gives the namespace behind the descriptor a number in the request's own; EEXIST when it has one.
void put_new_netns_number(NetlinkBatch& batch, int netns_fd);
void put_get_netns_number(NetlinkBatch& batch, int netns_fd);

/// Whether a link with these flags (ifi_flags) has a carrier, or is of a kind that cannot tell (operational state
/// unknown, RFC 2863). None without being up.
bool has_carrier(unsigned flags);
/// Reads an RTM_NEWLINK message; nothing if it is another or malformed.
std::optional<LinkRecord> parse_link(const nlmsghdr* message);
/// Reads the answer to `put_get_netns_number`; nothing if there is no number, or if it is another message.
std::optional<std::int32_t> parse_netns_number(const nlmsghdr* message);

}  // namespace fairlead::wire
