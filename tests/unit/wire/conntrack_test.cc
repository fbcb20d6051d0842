#include "wire/conntrack.h"

#include <gtest/gtest.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <netinet/in.h>

#include <array>

#include "wire/netlink_attr.h"

namespace fairlead::wire {
namespace {

constexpr std::uint16_t new_flow = NFNL_SUBSYS_CTNETLINK << 8 | IPCTNL_MSG_CT_NEW;

base::Ip ip(const char* text) {
  return *base::Ip::parse(text);
}

/// One message as the kernel would send it.
class Message {
 public:
  explicit Message(std::uint16_t type = new_flow) : header_(mnl_nlmsg_put_header(bytes_.data())) {
    header_->nlmsg_type = type;
    auto* info = static_cast<nfgenmsg*>(mnl_nlmsg_put_extra_header(header_, sizeof(nfgenmsg)));
    info->nfgen_family = AF_INET;
  }
  Message& tuple(std::uint16_t type, const FlowTuple& tuple) {
    auto* nest = mnl_attr_nest_start(header_, type);
    auto* addresses = mnl_attr_nest_start(header_, CTA_TUPLE_IP);
    address(tuple.source, CTA_IP_V4_SRC, CTA_IP_V6_SRC);
    address(tuple.destination, CTA_IP_V4_DST, CTA_IP_V6_DST);
    mnl_attr_nest_end(header_, addresses);
    auto* protocol = mnl_attr_nest_start(header_, CTA_TUPLE_PROTO);
    mnl_attr_put_u8(header_, CTA_PROTO_NUM, tuple.protocol);
    if (tuple.source_port) mnl_attr_put_u16(header_, CTA_PROTO_SRC_PORT, htons(*tuple.source_port));
    if (tuple.destination_port) mnl_attr_put_u16(header_, CTA_PROTO_DST_PORT, htons(*tuple.destination_port));
    mnl_attr_nest_end(header_, protocol);
    mnl_attr_nest_end(header_, nest);
    return *this;
  }
  Message& number(std::uint16_t type, std::uint32_t value) { return mnl_attr_put_u32(header_, type, value), *this; }
  operator const nlmsghdr*() const { return header_; }

 private:
  void address(const base::Ip& ip, std::uint16_t v4, std::uint16_t v6) {
    mnl_attr_put(header_, ip.is_v4() ? v4 : v6, ip.bytes().size(), ip.bytes().data());
  }
  alignas(nlmsghdr) std::array<char, 512> bytes_{};
  nlmsghdr* header_;
};

const FlowTuple there{ip("198.51.100.7"), ip("192.0.2.1"), IPPROTO_TCP, 40000, 8080};
const FlowTuple back{ip("172.17.0.2"), ip("198.51.100.7"), IPPROTO_TCP, 80, 40000};

TEST(Conntrack, ReadsBothDirections) {
  const auto flow = parse_flow(Message().tuple(CTA_TUPLE_ORIG, there).tuple(CTA_TUPLE_REPLY, back));
  EXPECT_EQ(flow, (FlowRecord{there, back}));
  const FlowTuple ping{ip("fd00::1"), ip("fd00::2"), IPPROTO_ICMPV6, {}, {}};
  EXPECT_EQ(parse_flow(Message().tuple(CTA_TUPLE_ORIG, ping).tuple(CTA_TUPLE_REPLY, ping)), (FlowRecord{ping, ping}));
}

TEST(Conntrack, WhatIsNoWholeFlowIsNone) {
  constexpr std::uint16_t gone = NFNL_SUBSYS_CTNETLINK << 8 | IPCTNL_MSG_CT_DELETE;
  EXPECT_FALSE(parse_flow(Message(gone).tuple(CTA_TUPLE_ORIG, there).tuple(CTA_TUPLE_REPLY, back)));
  EXPECT_FALSE(parse_flow(Message().tuple(CTA_TUPLE_ORIG, there)));
  EXPECT_FALSE(parse_flow(Message()));
  const FlowTuple mixed{ip("198.51.100.7"), ip("fd00::2"), IPPROTO_TCP, 1, 2};
  EXPECT_FALSE(parse_flow(Message().tuple(CTA_TUPLE_ORIG, mixed).tuple(CTA_TUPLE_REPLY, back)));
}

TEST(Conntrack, ForgetsTheVeryFlowOrNone) {
  NetlinkBatch batch;
  EXPECT_FALSE(put_forget_flow(batch, Message().tuple(CTA_TUPLE_REPLY, back).number(CTA_ID, 7)));
  EXPECT_TRUE(batch.empty()) << "a request without a flow would forget all";
  EXPECT_TRUE(put_forget_flow(
      batch,
      Message().tuple(CTA_TUPLE_ORIG, there).tuple(CTA_TUPLE_REPLY, back).number(CTA_MARK, 5).number(CTA_ID, 7)));
  ASSERT_EQ(batch.count(), 1u);
  const auto* request = reinterpret_cast<const nlmsghdr*>(batch.bytes().data());
  EXPECT_EQ(request->nlmsg_type, NFNL_SUBSYS_CTNETLINK << 8 | IPCTNL_MSG_CT_DELETE);
  EXPECT_EQ(static_cast<const nfgenmsg*>(mnl_nlmsg_get_payload(request))->nfgen_family, AF_INET);
  std::vector<int> types;
  for_each_attr(request, sizeof(nfgenmsg), [&](const nlattr* attr, int type) {
    types.push_back(type);
    if (type == CTA_ID) EXPECT_EQ(attr_u32(attr), 7u);
  });
  EXPECT_EQ(types, (std::vector<int>{CTA_TUPLE_ORIG, CTA_ID}));
}

}  // namespace
}  // namespace fairlead::wire
