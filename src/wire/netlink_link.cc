#include "wire/netlink_link.h"

#include <libmnl/libmnl.h>
#include <linux/if.h>
#include <linux/if_link.h>
#include <linux/if_vlan.h>
#include <linux/net_namespace.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <sys/socket.h>

#include <cstring>

#include "wire/netlink_attr.h"

namespace fairlead::wire {
namespace {

ifinfomsg* begin_link(NetlinkBatch& batch, std::uint16_t type, std::uint16_t flags, nlmsghdr*& header) {
  header = batch.begin(type, static_cast<std::uint16_t>(flags | NLM_F_ACK));
  return static_cast<ifinfomsg*>(mnl_nlmsg_put_extra_header(header, sizeof(ifinfomsg)));
}

void put_mac(nlmsghdr* header, const base::Mac& mac) {
  mnl_attr_put(header, IFLA_ADDRESS, mac.bytes().size(), mac.bytes().data());
}

void put_attributes(nlmsghdr* header, ifinfomsg* info, const LinkAttributes& attributes) {
  if (attributes.up) {
    info->ifi_flags = *attributes.up ? IFF_UP : 0;
    info->ifi_change = IFF_UP;
  }
  if (attributes.name) mnl_attr_put_strz(header, IFLA_IFNAME, attributes.name->c_str());
  if (attributes.mtu) mnl_attr_put_u32(header, IFLA_MTU, *attributes.mtu);
  if (attributes.master) mnl_attr_put_u32(header, IFLA_MASTER, *attributes.master);
  if (attributes.group) mnl_attr_put_u32(header, IFLA_GROUP, *attributes.group);
  if (attributes.mac) put_mac(header, *attributes.mac);
  if (attributes.alias) mnl_attr_put(header, IFLA_IFALIAS, attributes.alias->size(), attributes.alias->data());
}

void put_peer(nlmsghdr* header, const VethPeer& peer) {
  nlattr* info = mnl_attr_nest_start(header, IFLA_LINKINFO);
  mnl_attr_put_strz(header, IFLA_INFO_KIND, "veth");
  nlattr* data = mnl_attr_nest_start(header, IFLA_INFO_DATA);
  nlattr* end = mnl_attr_nest_start(header, VETH_INFO_PEER);
  // The peer's attributes follow a link header of its own (linux/veth.h).
  mnl_nlmsg_put_extra_header(header, sizeof(ifinfomsg));
  mnl_attr_put_strz(header, IFLA_IFNAME, peer.name.c_str());
  if (!peer.mac.is_zero()) put_mac(header, peer.mac);
  if (peer.mtu) mnl_attr_put_u32(header, IFLA_MTU, *peer.mtu);
  if (peer.netns_fd >= 0) mnl_attr_put_u32(header, IFLA_NET_NS_FD, static_cast<std::uint32_t>(peer.netns_fd));
  mnl_attr_nest_end(header, end);
  mnl_attr_nest_end(header, data);
  mnl_attr_nest_end(header, info);
}

void read_port(LinkRecord& link, const nlattr* data) {
  for_each_attr(data, [&](const nlattr* attr, int type) {
    if (type == IFLA_BRPORT_MODE) link.hairpin = attr_u8(attr) != 0;
    if (type == IFLA_BRPORT_ISOLATED) link.isolated = attr_u8(attr) != 0;
  });
}

void read_kind(LinkRecord& link, const nlattr* data) {
  for_each_attr(data, [&](const nlattr* attr, int type) {
    if (link.kind == "macvlan" && type == IFLA_MACVLAN_MODE) link.mode = attr_u32(attr);
    if (link.kind == "ipvlan" && type == IFLA_IPVLAN_MODE) link.mode = attr_u16(attr);
    if (link.kind == "ipvlan" && type == IFLA_IPVLAN_FLAGS) link.flags = attr_u16(attr);
    if (link.kind == "vlan" && type == IFLA_VLAN_ID) link.vlan = attr_u16(attr);
  });
}

void read_link_info(LinkRecord& link, const nlattr* info) {
  bool bridge_port = false;
  const nlattr* port = nullptr;
  const nlattr* own = nullptr;
  for_each_attr(info, [&](const nlattr* attr, int type) {
    if (type == IFLA_INFO_KIND) link.kind = attr_string(attr);
    if (type == IFLA_INFO_SLAVE_KIND) bridge_port = attr_string(attr) == "bridge";
    if (type == IFLA_INFO_SLAVE_DATA) port = attr;
    if (type == IFLA_INFO_DATA) own = attr;
  });
  if (own != nullptr) read_kind(link, own);
  if (bridge_port && port != nullptr) read_port(link, port);
}

void read_attribute(LinkRecord& link, const nlattr* attr, int type) {
  switch (type) {
    case IFLA_IFNAME:
      link.name = attr_string(attr);
      break;
    case IFLA_MTU:
      link.mtu = attr_u32(attr);
      break;
    case IFLA_MASTER:
      link.master = attr_u32(attr);
      break;
    case IFLA_LINK:
      link.peer_index = attr_u32(attr);
      break;
    case IFLA_GROUP:
      link.group = attr_u32(attr);
      break;
    case IFLA_IFALIAS:
      link.alias = attr_string(attr);
      break;
    case IFLA_PROP_LIST:
      for_each_attr(attr, [&](const nlattr* property, int kind) {
        if (kind == IFLA_ALT_IFNAME) link.other_names.push_back(attr_string(property));
      });
      break;
    case IFLA_LINKINFO:
      read_link_info(link, attr);
      break;
    case IFLA_ADDRESS:
      if (const auto bytes = attr_bytes(attr); bytes.size() == 6) {
        std::array<std::uint8_t, 6> raw{};
        std::memcpy(raw.data(), bytes.data(), raw.size());
        link.mac = base::Mac(raw);
      }
      break;
    default:
      break;
  }
}

}  // namespace

void put_new_bridge(NetlinkBatch& batch, const std::string& name, const LinkAttributes& attributes) {
  nlmsghdr* header;
  ifinfomsg* info = begin_link(batch, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, header);
  mnl_attr_put_strz(header, IFLA_IFNAME, name.c_str());
  put_attributes(header, info, attributes);
  nlattr* link_info = mnl_attr_nest_start(header, IFLA_LINKINFO);
  mnl_attr_put_strz(header, IFLA_INFO_KIND, "bridge");
  mnl_attr_nest_end(header, link_info);
}

void put_new_veth(NetlinkBatch& batch, const std::string& name, const LinkAttributes& attributes,
                  const VethPeer& peer) {
  nlmsghdr* header;
  ifinfomsg* info = begin_link(batch, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, header);
  mnl_attr_put_strz(header, IFLA_IFNAME, name.c_str());
  put_attributes(header, info, attributes);
  put_peer(header, peer);
}

void put_new_child(NetlinkBatch& batch, const std::string& name, const LinkAttributes& attributes,
                   const ChildLink& child) {
  nlmsghdr* header;
  ifinfomsg* info = begin_link(batch, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, header);
  mnl_attr_put_strz(header, IFLA_IFNAME, name.c_str());
  mnl_attr_put_u32(header, IFLA_LINK, child.parent);
  if (child.parent_netns) {
    mnl_attr_put_u32(header, IFLA_LINK_NETNSID, static_cast<std::uint32_t>(*child.parent_netns));
  }
  put_attributes(header, info, attributes);
  nlattr* link_info = mnl_attr_nest_start(header, IFLA_LINKINFO);
  mnl_attr_put_strz(header, IFLA_INFO_KIND, child.kind.c_str());
  nlattr* data = mnl_attr_nest_start(header, IFLA_INFO_DATA);
  if (child.kind == "macvlan") mnl_attr_put_u32(header, IFLA_MACVLAN_MODE, child.mode);
  if (child.kind == "ipvlan") {
    mnl_attr_put_u16(header, IFLA_IPVLAN_MODE, static_cast<std::uint16_t>(child.mode));
    mnl_attr_put_u16(header, IFLA_IPVLAN_FLAGS, child.flags);
  }
  if (child.kind == "vlan") {
    mnl_attr_put_u16(header, IFLA_VLAN_ID, child.vlan);
    // It may be up while its parent is down, and comes back with it by itself.
    const ifla_vlan_flags loose{VLAN_FLAG_LOOSE_BINDING, VLAN_FLAG_LOOSE_BINDING};
    mnl_attr_put(header, IFLA_VLAN_FLAGS, sizeof loose, &loose);
  }
  mnl_attr_nest_end(header, data);
  mnl_attr_nest_end(header, link_info);
}

void put_set_link(NetlinkBatch& batch, std::uint32_t index, const LinkAttributes& attributes) {
  nlmsghdr* header;
  ifinfomsg* info = begin_link(batch, RTM_NEWLINK, 0, header);
  info->ifi_index = static_cast<int>(index);
  put_attributes(header, info, attributes);
}

void put_set_bridge_port(NetlinkBatch& batch, std::uint32_t index, bool hairpin, bool isolated) {
  nlmsghdr* header;
  begin_link(batch, RTM_NEWLINK, 0, header)->ifi_index = static_cast<int>(index);
  nlattr* info = mnl_attr_nest_start(header, IFLA_LINKINFO);
  mnl_attr_put_strz(header, IFLA_INFO_SLAVE_KIND, "bridge");
  nlattr* data = mnl_attr_nest_start(header, IFLA_INFO_SLAVE_DATA);
  mnl_attr_put_u8(header, IFLA_BRPORT_MODE, hairpin ? 1 : 0);
  mnl_attr_put_u8(header, IFLA_BRPORT_ISOLATED, isolated ? 1 : 0);
  mnl_attr_nest_end(header, data);
  mnl_attr_nest_end(header, info);
}

void put_get_link(NetlinkBatch& batch, const std::string& name) {
  nlmsghdr* header;
  begin_link(batch, RTM_GETLINK, 0, header);
  mnl_attr_put_strz(header, IFLA_IFNAME, name.c_str());
}

void put_delete_link(NetlinkBatch& batch, std::uint32_t index) {
  nlmsghdr* header;
  begin_link(batch, RTM_DELLINK, 0, header)->ifi_index = static_cast<int>(index);
}

void put_delete_link_group(NetlinkBatch& batch, std::uint32_t group) {
  nlmsghdr* header;
  begin_link(batch, RTM_DELLINK, 0, header);
  mnl_attr_put_u32(header, IFLA_GROUP, group);
}

void put_dump_links(NetlinkBatch& batch) {
  nlmsghdr* header = batch.begin(RTM_GETLINK, NLM_F_DUMP);
  mnl_nlmsg_put_extra_header(header, sizeof(ifinfomsg));
  mnl_attr_put_u32(header, IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
}

void put_new_netns_number(NetlinkBatch& batch, int netns_fd) {
  nlmsghdr* header = batch.begin(RTM_NEWNSID, NLM_F_ACK);
  mnl_nlmsg_put_extra_header(header, sizeof(rtgenmsg));
  mnl_attr_put_u32(header, NETNSA_FD, static_cast<std::uint32_t>(netns_fd));
  mnl_attr_put_u32(header, NETNSA_NSID, static_cast<std::uint32_t>(NETNSA_NSID_NOT_ASSIGNED));  // any that is free
}

void put_get_netns_number(NetlinkBatch& batch, int netns_fd) {
  nlmsghdr* header = batch.begin(RTM_GETNSID, NLM_F_ACK);
  mnl_nlmsg_put_extra_header(header, sizeof(rtgenmsg));
  mnl_attr_put_u32(header, NETNSA_FD, static_cast<std::uint32_t>(netns_fd));
}

std::optional<std::int32_t> parse_netns_number(const nlmsghdr* message) {
  if (message->nlmsg_type != RTM_NEWNSID || mnl_nlmsg_get_payload_len(message) < sizeof(rtgenmsg)) return std::nullopt;
  std::optional<std::int32_t> number;
  for_each_attr(message, sizeof(rtgenmsg), [&](const nlattr* attr, int type) {
    if (type == NETNSA_NSID) number = static_cast<std::int32_t>(attr_u32(attr));
  });
  return number == NETNSA_NSID_NOT_ASSIGNED ? std::nullopt : number;
}

bool has_carrier(unsigned flags) {
  // IFF_RUNNING is set for the states up and unknown.
  return (flags & IFF_UP) != 0 && (flags & (IFF_LOWER_UP | IFF_RUNNING)) != 0;
}

std::optional<LinkRecord> parse_link(const nlmsghdr* message) {
  if (message->nlmsg_type != RTM_NEWLINK || mnl_nlmsg_get_payload_len(message) < sizeof(ifinfomsg)) return std::nullopt;
  const auto* info = static_cast<const ifinfomsg*>(mnl_nlmsg_get_payload(message));
  if (info->ifi_family != AF_UNSPEC) return std::nullopt;  // bridge and IPv6 speak of their own part only
  LinkRecord link;
  link.index = static_cast<std::uint32_t>(info->ifi_index);
  link.up = (info->ifi_flags & IFF_UP) != 0;
  link.carrier = has_carrier(info->ifi_flags);
  for_each_attr(message, sizeof(ifinfomsg), [&](const nlattr* attr, int type) { read_attribute(link, attr, type); });
  if (link.name.empty()) return std::nullopt;
  return link;
}

}  // namespace fairlead::wire
