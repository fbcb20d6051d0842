#include <gtest/gtest.h>
#include <libmnl/libmnl.h>
#include <linux/rtnetlink.h>

#include "wire/netlink_link.h"
#include "wire/netlink_route.h"
#include "wire/nft_set.h"
#include "wire/nft_text.h"

namespace fairlead::wire {
namespace {

const nlmsghdr* first(NetlinkBatch& batch) {
  return reinterpret_cast<const nlmsghdr*>(batch.bytes().data());
}

TEST(NetlinkBatch, NumbersItsRequestsOnAndOn) {
  NetlinkBatch batch;
  for (int i = 0; i < 100; ++i) put_get_link(batch, "eth0");
  EXPECT_EQ(batch.count(), 100u);
  auto left = static_cast<int>(batch.bytes().size());
  std::uint32_t expected = batch.first_sequence();
  for (const auto* message = first(batch); mnl_nlmsg_ok(message, left); message = mnl_nlmsg_next(message, &left)) {
    EXPECT_EQ(message->nlmsg_seq, expected++);
  }
  EXPECT_EQ(left, 0);
  EXPECT_EQ(expected, batch.first_sequence() + 100);
  batch.clear();
  EXPECT_TRUE(batch.empty());
  EXPECT_EQ(batch.first_sequence(), expected);
}

TEST(NetlinkLink, WhatIsWrittenIsReadBack) {
  NetlinkBatch batch;
  const base::Mac mac({2, 0x42, 1, 2, 3, 4});
  put_new_veth(batch, "veth1", {.mtu = 1450, .master = 7, .group = 9, .mac = mac, .alias = "fairlead:x", .up = true},
               {"eth0", mac, 1450, -1});
  const auto link = parse_link(first(batch));
  ASSERT_TRUE(link);
  EXPECT_EQ(link->name, "veth1");
  EXPECT_EQ(link->kind, "veth");
  EXPECT_EQ(link->mtu, 1450u);
  EXPECT_EQ(link->master, 7u);
  EXPECT_EQ(link->group, 9u);
  EXPECT_EQ(link->mac, mac);
  EXPECT_EQ(link->alias, "fairlead:x");
  EXPECT_TRUE(link->up);
}

TEST(NetlinkRoute, WhatIsWrittenIsReadBack) {
  NetlinkBatch batch;
  RouteRecord route;
  route.destination = *base::Prefix::parse("10.1.0.0/16");
  route.via = base::Ip::parse("10.0.0.1");
  route.device = 3;
  route.metric = 20;
  route.protocol = 250;
  put_new_route(batch, route);
  const auto read = parse_route(first(batch));
  ASSERT_TRUE(read);
  EXPECT_EQ(read->destination, route.destination);
  EXPECT_EQ(read->via, route.via);
  EXPECT_EQ(read->device, 3u);
  EXPECT_EQ(read->metric, 20u);
  EXPECT_EQ(read->protocol, 250);
  EXPECT_EQ(read->table, std::uint32_t{RT_TABLE_MAIN});
  NetlinkBatch addresses;
  put_new_address(addresses, {5, *base::Prefix::parse("fd00::1/64")}, 250);
  const auto address = parse_address(first(addresses));
  ASSERT_TRUE(address);
  EXPECT_EQ(address->index, 5u);
  EXPECT_EQ(address->prefix.text(), "fd00::1/64");
  EXPECT_FALSE(parse_link(first(addresses)));
}

TEST(NftSet, ElementsAreReadBack) {
  NetlinkBatch batch;
  NftElement range;
  range.key = {10, 0, 0, 0, 0, 22, 0, 0};
  range.key_end = {10, 0, 255, 255, 0, 22, 0, 0};
  range.comment = "who may";
  NftElement jump;
  jump.key = {10, 0, 0, 1};
  jump.verdict = NftVerdict{-3, "web"};
  NftElement end;
  end.key = {10, 1, 0, 0};
  end.interval_end = true;
  const std::vector<NftElement> all{range, jump, end};
  put_nft_new_elements(batch, "fairlead", "s", all);
  EXPECT_EQ(parse_nft_elements(first(batch)), all);
}

TEST(NftSet, TypesOfAConcatenationAreTakenApart) {
  EXPECT_EQ(nft_split_types(nft_ifname), (std::vector<std::uint32_t>{nft_ifname}));
  EXPECT_EQ(nft_split_types(nft_ifname << 6 | nft_ipv4_addr), (std::vector<std::uint32_t>{nft_ifname, nft_ipv4_addr}));
  EXPECT_EQ(nft_split_types(nft_verdict), (std::vector<std::uint32_t>{nft_verdict}));
}

TEST(NftSet, CommentsThatLieAboutTheirLengthReadAsNone) {
  const std::vector<std::uint8_t> good{1, 2, 9, 9, 0, 3, 'h', 'i', 0}, lying{0, 200, 'h', 'i'}, cut{0};
  EXPECT_EQ(nft_comment(good), "hi");
  EXPECT_EQ(nft_comment(lying), "");
  EXPECT_EQ(nft_comment(cut), "");
}

TEST(NftText, NamesNeedNoQuoting) {
  EXPECT_TRUE(is_nft_name("m-1"));
  EXPECT_FALSE(is_nft_name("") || is_nft_name("1m") || is_nft_name("a b") || is_nft_name("a;") ||
               is_nft_name(std::string(256, 'a')));
}

}  // namespace
}  // namespace fairlead::wire
