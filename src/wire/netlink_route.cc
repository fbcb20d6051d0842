#include "wire/netlink_route.h"

#include <libmnl/libmnl.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include "wire/netlink_attr.h"

namespace fairlead::wire {
namespace {

constexpr std::uint16_t ifa_proto = 11;  // IFA_PROTO of Linux 5.18; older kernels skip what they do not know

std::uint8_t family_of(const base::Prefix& prefix) {
  return prefix.family() == base::Family::v4 ? AF_INET : AF_INET6;
}

void put_ip(nlmsghdr* header, std::uint16_t type, const base::Ip& ip) {
  mnl_attr_put(header, type, ip.bytes().size(), ip.bytes().data());
}

nlmsghdr* begin_address(NetlinkBatch& batch, std::uint16_t type, std::uint16_t flags, const AddressRecord& address) {
  nlmsghdr* header = batch.begin(type, static_cast<std::uint16_t>(flags | NLM_F_ACK));
  auto* info = static_cast<ifaddrmsg*>(mnl_nlmsg_put_extra_header(header, sizeof(ifaddrmsg)));
  info->ifa_family = family_of(address.prefix);
  info->ifa_prefixlen = static_cast<std::uint8_t>(address.prefix.length());
  info->ifa_index = address.index;
  info->ifa_flags = address.prefix.family() == base::Family::v6 ? IFA_F_NODAD : 0;
  info->ifa_scope = address.prefix.address().is_loopback() ? RT_SCOPE_HOST : RT_SCOPE_UNIVERSE;
  put_ip(header, IFA_LOCAL, address.prefix.address());
  put_ip(header, IFA_ADDRESS, address.prefix.address());
  return header;
}

nlmsghdr* begin_route(NetlinkBatch& batch, std::uint16_t type, std::uint16_t flags, const RouteRecord& route,
                      rtmsg*& info) {
  nlmsghdr* header = batch.begin(type, static_cast<std::uint16_t>(flags | NLM_F_ACK));
  info = static_cast<rtmsg*>(mnl_nlmsg_put_extra_header(header, sizeof(rtmsg)));
  info->rtm_family = family_of(route.destination);
  info->rtm_dst_len = static_cast<std::uint8_t>(route.destination.length());
  info->rtm_table = RT_TABLE_MAIN;
  info->rtm_protocol = route.protocol;
  if (route.destination.length() != 0) put_ip(header, RTA_DST, route.destination.network().address());
  if (route.metric != 0) mnl_attr_put_u32(header, RTA_PRIORITY, route.metric);
  return header;
}

void read_nexthops(RouteRecord& route, const nlattr* attr) {
  const auto bytes = attr_bytes(attr);
  rtnexthop hop{};
  if (bytes.size() < sizeof hop) return;
  std::memcpy(&hop, bytes.data(), sizeof hop);
  route.device = static_cast<std::uint32_t>(hop.rtnh_ifindex);
  if (hop.rtnh_len < sizeof hop || hop.rtnh_len > bytes.size()) return;
  for_each_attr(bytes.data() + sizeof hop, hop.rtnh_len - sizeof hop, [&](const nlattr* inner, int type) {
    if (type == RTA_GATEWAY) route.via = base::Ip::from_bytes(attr_bytes(inner));
  });
}

}  // namespace

void put_new_address(NetlinkBatch& batch, const AddressRecord& address, std::uint8_t protocol) {
  nlmsghdr* header = begin_address(batch, RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, address);
  const bool has_broadcast = address.prefix.family() == base::Family::v4 && address.prefix.length() < 31 &&
                             !address.prefix.address().is_loopback();
  if (has_broadcast) put_ip(header, IFA_BROADCAST, address.prefix.last());
  mnl_attr_put_u8(header, ifa_proto, protocol);
}

void put_delete_address(NetlinkBatch& batch, const AddressRecord& address) {
  begin_address(batch, RTM_DELADDR, 0, address);
}

void put_new_route(NetlinkBatch& batch, const RouteRecord& route) {
  rtmsg* info;
  nlmsghdr* header = begin_route(batch, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL, route, info);
  info->rtm_type = RTN_UNICAST;
  info->rtm_scope = route.via || route.destination.family() == base::Family::v6 ? RT_SCOPE_UNIVERSE : RT_SCOPE_LINK;
  if (route.via) put_ip(header, RTA_GATEWAY, *route.via);
  if (route.source) put_ip(header, RTA_PREFSRC, *route.source);
  if (route.device != 0) mnl_attr_put_u32(header, RTA_OIF, route.device);
}

void put_delete_route(NetlinkBatch& batch, const RouteRecord& route) {
  rtmsg* info;
  begin_route(batch, RTM_DELROUTE, 0, route, info);
  info->rtm_scope = RT_SCOPE_NOWHERE;  // any scope (fib_table_delete)
}

void put_dump_addresses(NetlinkBatch& batch) {
  mnl_nlmsg_put_extra_header(batch.begin(RTM_GETADDR, NLM_F_DUMP), sizeof(ifaddrmsg));
}

void put_dump_routes(NetlinkBatch& batch) {
  mnl_nlmsg_put_extra_header(batch.begin(RTM_GETROUTE, NLM_F_DUMP), sizeof(rtmsg));
}

std::optional<AddressRecord> parse_address(const nlmsghdr* message) {
  if (message->nlmsg_type != RTM_NEWADDR || mnl_nlmsg_get_payload_len(message) < sizeof(ifaddrmsg)) return std::nullopt;
  const auto* info = static_cast<const ifaddrmsg*>(mnl_nlmsg_get_payload(message));
  std::optional<base::Ip> local, address;
  for_each_attr(message, sizeof(ifaddrmsg), [&](const nlattr* attr, int type) {
    if (type == IFA_LOCAL) local = base::Ip::from_bytes(attr_bytes(attr));
    if (type == IFA_ADDRESS) address = base::Ip::from_bytes(attr_bytes(attr));
  });
  if (!local) local = address;  // IPv6 gives only the one unless the link is point to point
  if (!local || info->ifa_prefixlen > local->bits()) return std::nullopt;
  return AddressRecord{info->ifa_index, base::Prefix(*local, info->ifa_prefixlen)};
}

std::optional<RouteRecord> parse_route(const nlmsghdr* message) {
  if (message->nlmsg_type != RTM_NEWROUTE && message->nlmsg_type != RTM_DELROUTE) return std::nullopt;
  if (mnl_nlmsg_get_payload_len(message) < sizeof(rtmsg)) return std::nullopt;
  const auto* info = static_cast<const rtmsg*>(mnl_nlmsg_get_payload(message));
  if (info->rtm_family != AF_INET && info->rtm_family != AF_INET6) return std::nullopt;
  base::Ip destination = info->rtm_family == AF_INET ? base::Ip{} : base::Ip::v6({});
  if (info->rtm_dst_len > destination.bits()) return std::nullopt;
  RouteRecord route;
  route.table = info->rtm_table;
  route.protocol = info->rtm_protocol;
  route.type = info->rtm_type;
  for_each_attr(message, sizeof(rtmsg), [&](const nlattr* attr, int type) {
    switch (type) {
      case RTA_DST:
        if (const auto ip = base::Ip::from_bytes(attr_bytes(attr)); ip && ip->family() == destination.family()) {
          destination = *ip;
        }
        break;
      case RTA_GATEWAY:
        route.via = base::Ip::from_bytes(attr_bytes(attr));
        break;
      case RTA_OIF:
        route.device = attr_u32(attr);
        break;
      case RTA_PRIORITY:
        route.metric = attr_u32(attr);
        break;
      case RTA_TABLE:
        route.table = attr_u32(attr);
        break;
      case RTA_MULTIPATH:
        read_nexthops(route, attr);
        break;
      default:
        break;
    }
  });
  route.destination = base::Prefix(destination, info->rtm_dst_len);
  return route;
}

}  // namespace fairlead::wire
