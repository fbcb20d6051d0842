#include "wire/netlink_loss.h"

#include <linux/if.h>
#include <linux/netconf.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include "wire/netlink_attr.h"
#include "wire/netlink_link.h"
#include "wire/netlink_route.h"

namespace fairlead::wire {
namespace {

/// A new link's announcement calls every flag changed; it has lost nothing.
bool goes_down(const ifinfomsg& header) {
  return header.ifi_change != ~0U && (header.ifi_change & IFF_UP) != 0 && (header.ifi_flags & IFF_UP) == 0;
}
bool comes(const ifinfomsg& header) {
  return (header.ifi_change & IFF_UP) != 0 && !goes_down(header);
}

std::optional<LinkLoss> link_loss(const nlmsghdr* message) {
  if (mnl_nlmsg_get_payload_len(message) < sizeof(ifinfomsg)) return std::nullopt;
  const auto* header = static_cast<const ifinfomsg*>(mnl_nlmsg_get_payload(message));
  const bool lost = message->nlmsg_type == RTM_DELLINK || goes_down(*header);
  const bool is_up = (header->ifi_flags & IFF_UP) != 0;
  if (!lost && !comes(*header) && !is_up) return std::nullopt;
  std::string name;
  for_each_attr(message, sizeof *header, [&](const nlattr* attr, int type) {
    if (type == IFLA_IFNAME) name = attr_string(attr);
  });
  if (name.empty()) return std::nullopt;
  if (lost) return LostLink{std::move(name)};
  if (comes(*header)) return FoundLink{std::move(name)};
  return LinkCarrier{std::move(name), has_carrier(header->ifi_flags)};
}

std::optional<LinkLoss> address_loss(const nlmsghdr* message) {
  if (mnl_nlmsg_get_payload_len(message) < sizeof(ifaddrmsg)) return std::nullopt;
  const auto* header = static_cast<const ifaddrmsg*>(mnl_nlmsg_get_payload(message));
  std::optional<base::Ip> ip;
  bool is_local = false;
  for_each_attr(message, sizeof *header, [&](const nlattr* attr, int type) {
    // IFA_ADDRESS is the far end of a point-to-point link if there is an IFA_LOCAL beside it.
    if (type != IFA_LOCAL && (type != IFA_ADDRESS || is_local)) return;
    if (auto read = base::Ip::from_bytes(attr_bytes(attr))) {
      ip = *read;
      is_local = type == IFA_LOCAL;
    }
  });
  const int most = ip && ip->family() == base::Family::v4 ? 32 : 128;
  if (!ip || header->ifa_prefixlen > most) return std::nullopt;
  return LostAddress{base::Prefix(*ip, header->ifa_prefixlen)};
}

std::optional<LinkLoss> route_loss(const nlmsghdr* message) {
  const auto route = parse_route(message);
  if (!route || route->table != RT_TABLE_MAIN) return std::nullopt;
  return LostRoute{route->destination, route->protocol};
}

std::optional<LinkLoss> forwarding_loss(const nlmsghdr* message) {
  if (mnl_nlmsg_get_payload_len(message) < sizeof(netconfmsg)) return std::nullopt;
  const auto* header = static_cast<const netconfmsg*>(mnl_nlmsg_get_payload(message));
  bool of_all = false, is_off = false;
  for_each_attr(message, sizeof *header, [&](const nlattr* attr, int type) {
    if (type == NETCONFA_IFINDEX) of_all = static_cast<int>(attr_u32(attr)) == NETCONFA_IFINDEX_ALL;
    if (type == NETCONFA_FORWARDING) is_off = mnl_attr_get_payload_len(attr) == sizeof(int) && attr_u32(attr) == 0;
  });
  if (!of_all || !is_off) return std::nullopt;
  if (header->ncm_family == AF_INET) return LostForwarding{base::Family::v4};
  if (header->ncm_family == AF_INET6) return LostForwarding{base::Family::v6};
  return std::nullopt;
}

}  // namespace

std::optional<LinkLoss> parse_link_loss(const nlmsghdr* message) {
  switch (message->nlmsg_type) {
    case RTM_NEWLINK:
    case RTM_DELLINK:
      return link_loss(message);
    case RTM_DELADDR:
      return address_loss(message);
    case RTM_DELROUTE:
      return route_loss(message);
    case RTM_NEWNETCONF:
      return forwarding_loss(message);
    default:
      return std::nullopt;
  }
}

std::optional<NftNotice> parse_nft_notice(const nlmsghdr* message) {
  if (message->nlmsg_type >> 8 != NFNL_SUBSYS_NFTABLES) return std::nullopt;
  const auto read = [&](int wanted) {
    std::string text;
    for_each_attr(message, sizeof(nfgenmsg), [&](const nlattr* attr, int type) {
      if (type == wanted) text = attr_string(attr);
    });
    return text;
  };
  switch (message->nlmsg_type & 0xff) {
    case NFT_MSG_NEWGEN:
      return NftCommit{read(NFTA_GEN_PROC_NAME)};
    case NFT_MSG_DELTABLE:
    case NFT_MSG_DELCHAIN:
    case NFT_MSG_DELRULE:
    case NFT_MSG_DELSET:
    case NFT_MSG_DELSETELEM:
      break;
    default:
      return std::nullopt;
  }
  // One number for all: NFTA_TABLE_NAME, NFTA_CHAIN_TABLE, NFTA_RULE_TABLE, NFTA_SET_TABLE, NFTA_SET_ELEM_LIST_TABLE.
  auto table = read(NFTA_TABLE_NAME);
  return table.empty() ? std::nullopt : std::optional<NftNotice>(LostInTable{std::move(table)});
}

}  // namespace fairlead::wire
