#include "wire/conntrack.h"

#include <libmnl/libmnl.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <netinet/in.h>

#include "wire/netlink_attr.h"

namespace fairlead::wire {
namespace {

constexpr std::size_t longest_copy = 256;  // a tuple of IPv6 addresses takes about 70 bytes

constexpr std::uint16_t conntrack_type(int message) {
  return static_cast<std::uint16_t>(NFNL_SUBSYS_CTNETLINK << 8 | message);
}

nlmsghdr* begin_conntrack(NetlinkBatch& batch, int message, std::uint16_t flags, std::uint8_t family) {
  nlmsghdr* header = batch.begin(conntrack_type(message), flags);
  auto* info = static_cast<nfgenmsg*>(mnl_nlmsg_put_extra_header(header, sizeof(nfgenmsg)));
  info->nfgen_family = family;
  info->version = NFNETLINK_V0;
  info->res_id = 0;
  return header;
}

bool tells_of_flow(const nlmsghdr* message) {
  return message->nlmsg_type == conntrack_type(IPCTNL_MSG_CT_NEW) &&
         mnl_nlmsg_get_payload_len(message) >= sizeof(nfgenmsg);
}

std::uint8_t family_of(const nlmsghdr* message) {
  return static_cast<const nfgenmsg*>(mnl_nlmsg_get_payload(message))->nfgen_family;
}

std::uint16_t port_of(const nlattr* attr) {
  return ntohs(attr_number<std::uint16_t>(attr));
}

void read_addresses(const nlattr* nest, std::optional<base::Ip>& source, std::optional<base::Ip>& destination) {
  for_each_attr(nest, [&](const nlattr* attr, int type) {
    if (type == CTA_IP_V4_SRC || type == CTA_IP_V6_SRC) source = base::Ip::from_bytes(attr_bytes(attr));
    if (type == CTA_IP_V4_DST || type == CTA_IP_V6_DST) destination = base::Ip::from_bytes(attr_bytes(attr));
  });
}

std::optional<FlowTuple> parse_tuple(const nlattr* nest) {
  FlowTuple tuple;
  std::optional<base::Ip> source, destination;
  for_each_attr(nest, [&](const nlattr* part, int part_type) {
    if (part_type == CTA_TUPLE_IP) return read_addresses(part, source, destination);
    if (part_type != CTA_TUPLE_PROTO) return;
    for_each_attr(part, [&](const nlattr* attr, int type) {
      if (type == CTA_PROTO_NUM) tuple.protocol = attr_u8(attr);
      if (type == CTA_PROTO_SRC_PORT) tuple.source_port = port_of(attr);
      if (type == CTA_PROTO_DST_PORT) tuple.destination_port = port_of(attr);
    });
  });
  if (!source || !destination || source->family() != destination->family()) return std::nullopt;
  tuple.source = *source;
  tuple.destination = *destination;
  return tuple;
}

}  // namespace

void put_dump_flows(NetlinkBatch& batch, std::optional<base::Family> family) {
  const int number = !family ? AF_UNSPEC : *family == base::Family::v4 ? AF_INET : AF_INET6;
  begin_conntrack(batch, IPCTNL_MSG_CT_GET, NLM_F_DUMP, static_cast<std::uint8_t>(number));
}

bool put_forget_flow(NetlinkBatch& batch, const nlmsghdr* message) {
  if (!parse_flow(message)) return false;
  const nlattr *original = nullptr, *zone = nullptr, *id = nullptr;
  for_each_attr(message, sizeof(nfgenmsg), [&](const nlattr* attr, int type) {
    if (type == CTA_TUPLE_ORIG) original = attr;
    if (type == CTA_ZONE) zone = attr;
    if (type == CTA_ID) id = attr;
  });
  for (const auto* attr : {original, zone, id}) {
    if (attr != nullptr && mnl_attr_get_payload_len(attr) > longest_copy) return false;
  }
  nlmsghdr* request = begin_conntrack(batch, IPCTNL_MSG_CT_DELETE, NLM_F_ACK, family_of(message));
  for (const auto* attr : {original, zone, id}) {
    if (attr == nullptr) continue;
    mnl_attr_put(request, attr->nla_type, mnl_attr_get_payload_len(attr), mnl_attr_get_payload(attr));
  }
  return true;
}

std::optional<FlowRecord> parse_flow(const nlmsghdr* message) {
  if (!tells_of_flow(message)) return std::nullopt;
  std::optional<FlowTuple> original, reply;
  for_each_attr(message, sizeof(nfgenmsg), [&](const nlattr* attr, int type) {
    if (type == CTA_TUPLE_ORIG) original = parse_tuple(attr);
    if (type == CTA_TUPLE_REPLY) reply = parse_tuple(attr);
  });
  if (!original || !reply) return std::nullopt;
  return FlowRecord{*original, *reply};
}

}  // namespace fairlead::wire
