#include "wire/netlink_loss.h"

#include <gtest/gtest.h>
#include <libmnl/libmnl.h>
#include <linux/if.h>
#include <linux/netconf.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <array>

namespace fairlead::wire {
namespace {

/// One message as the kernel would send it.
class Message {
 public:
  explicit Message(std::uint16_t type) : header_(mnl_nlmsg_put_header(bytes_.data())) { header_->nlmsg_type = type; }
  template <class Header>
  Message& with(const Header& header) {
    *static_cast<Header*>(mnl_nlmsg_put_extra_header(header_, sizeof header)) = header;
    return *this;
  }
  Message& text(std::uint16_t type, const char* value) { return mnl_attr_put_strz(header_, type, value), *this; }
  Message& u32(std::uint16_t type, std::uint32_t value) { return mnl_attr_put_u32(header_, type, value), *this; }
  Message& ip(std::uint16_t type, const char* value) {
    const auto read = base::Ip::parse(value).value();
    mnl_attr_put(header_, type, read.bytes().size(), read.bytes().data());
    return *this;
  }
  operator const nlmsghdr*() const { return header_; }

 private:
  alignas(nlmsghdr) std::array<char, 512> bytes_{};
  nlmsghdr* header_;
};

ifinfomsg link(unsigned flags, unsigned change) {
  ifinfomsg header{};
  header.ifi_flags = flags;
  header.ifi_change = change;
  return header;
}

ifaddrmsg address(int family, int length) {
  ifaddrmsg header{};
  header.ifa_family = static_cast<std::uint8_t>(family);
  header.ifa_prefixlen = static_cast<std::uint8_t>(length);
  return header;
}

std::optional<LinkLoss> new_link(unsigned flags, unsigned change) {
  return parse_link_loss(Message(RTM_NEWLINK).with(link(flags, change)).text(IFLA_IFNAME, "br0"));
}

TEST(LinkLoss, IsALinkThatGoesOrGoesDown) {
  const std::optional<LinkLoss> br0 = LostLink{"br0"};
  EXPECT_EQ(parse_link_loss(Message(RTM_DELLINK).with(link(0, ~0U)).text(IFLA_IFNAME, "br0")), br0);
  EXPECT_EQ(new_link(0, IFF_UP), br0);
  EXPECT_EQ(new_link(0, IFF_PROMISC), std::nullopt);
  EXPECT_EQ(parse_link_loss(Message(RTM_DELLINK).with(link(0, 0))), std::nullopt) << "without a name";
  EXPECT_EQ(parse_link_loss(Message(RTM_DELLINK)), std::nullopt) << "cut off";
}

std::optional<LinkLoss> deleted_route(std::uint8_t table, std::uint8_t protocol) {
  rtmsg header{};
  header.rtm_family = AF_INET;
  header.rtm_dst_len = 16;
  header.rtm_table = table;
  header.rtm_protocol = protocol;
  return parse_link_loss(Message(RTM_DELROUTE).with(header).ip(RTA_DST, "172.17.0.0"));
}

TEST(LinkLoss, IsARouteOfTheMainTableWithItsMaker) {
  const std::optional<LinkLoss> subnet = LostRoute{base::Prefix::parse("172.17.0.0/16").value(), RTPROT_KERNEL};
  EXPECT_EQ(deleted_route(RT_TABLE_MAIN, RTPROT_KERNEL), subnet);
  EXPECT_EQ(deleted_route(RT_TABLE_LOCAL, RTPROT_KERNEL), std::nullopt);
  EXPECT_EQ(parse_link_loss(Message(RTM_DELROUTE)), std::nullopt) << "cut off";
}

std::optional<LinkLoss> forwarding(std::uint8_t family, std::uint32_t index, std::uint32_t value) {
  return parse_link_loss(Message(RTM_NEWNETCONF)
                             .with(netconfmsg{.ncm_family = family})
                             .u32(NETCONFA_IFINDEX, index)
                             .u32(NETCONFA_FORWARDING, value));
}

TEST(LinkLoss, IsForwardingThatTheHostCeasesToDo) {
  constexpr auto all = static_cast<std::uint32_t>(NETCONFA_IFINDEX_ALL);
  EXPECT_EQ(forwarding(AF_INET, all, 0), std::optional<LinkLoss>(LostForwarding{base::Family::v4}));
  EXPECT_EQ(forwarding(AF_INET6, all, 0), std::optional<LinkLoss>(LostForwarding{base::Family::v6}));
  EXPECT_EQ(forwarding(AF_INET, all, 1), std::nullopt) << "our own repair";
  EXPECT_EQ(forwarding(AF_INET, 2, 0), std::nullopt) << "of one interface";
  EXPECT_EQ(forwarding(AF_BRIDGE, all, 0), std::nullopt);
  EXPECT_EQ(parse_link_loss(Message(RTM_NEWNETCONF)), std::nullopt) << "cut off";
}

TEST(LinkLoss, TellsOfALinkThatComes) {
  const std::optional<LinkLoss> br0 = FoundLink{"br0"};
  EXPECT_EQ(new_link(IFF_UP, IFF_UP), br0);
  EXPECT_EQ(new_link(0, ~0U), br0) << "a new one";
}

TEST(LinkLoss, TellsOfTheCarrierOfALinkThatIsUp) {
  EXPECT_EQ(new_link(IFF_UP | IFF_LOWER_UP | IFF_RUNNING, 0), std::optional<LinkLoss>(LinkCarrier{"br0", true}));
  EXPECT_EQ(new_link(IFF_UP, 0), std::optional<LinkLoss>(LinkCarrier{"br0", false}));
  EXPECT_EQ(new_link(IFF_UP | IFF_RUNNING, IFF_PROMISC), std::optional<LinkLoss>(LinkCarrier{"br0", true}))
      << "it cannot tell";
  EXPECT_EQ(new_link(IFF_LOWER_UP, 0), std::nullopt) << "down";
}

TEST(LinkLoss, IsAnAddressThatGoes) {
  const auto lost = [](const char* text) {
    return std::optional<LinkLoss>(LostAddress{base::Prefix::parse(text).value()});
  };
  EXPECT_EQ(
      parse_link_loss(Message(RTM_DELADDR).with(address(2, 24)).ip(IFA_ADDRESS, "10.0.0.9").ip(IFA_LOCAL, "10.0.0.1")),
      lost("10.0.0.1/24"));
  EXPECT_EQ(
      parse_link_loss(Message(RTM_DELADDR).with(address(2, 24)).ip(IFA_LOCAL, "10.0.0.1").ip(IFA_ADDRESS, "10.0.0.9")),
      lost("10.0.0.1/24"));
  EXPECT_EQ(parse_link_loss(Message(RTM_DELADDR).with(address(10, 64)).ip(IFA_ADDRESS, "fd00::1")), lost("fd00::1/64"));
  EXPECT_EQ(parse_link_loss(Message(RTM_NEWADDR).with(address(2, 24)).ip(IFA_LOCAL, "10.0.0.1")), std::nullopt);
  EXPECT_EQ(parse_link_loss(Message(RTM_DELADDR).with(address(2, 33)).ip(IFA_LOCAL, "10.0.0.1")), std::nullopt);
  EXPECT_EQ(parse_link_loss(Message(RTM_DELADDR).with(address(2, 24))), std::nullopt);
}

TEST(NftNotice, IsADeletionOrTheEndOfATransaction) {
  const auto notice = [](int kind, int attr, const char* text) {
    const auto type = static_cast<std::uint16_t>(NFNL_SUBSYS_NFTABLES << 8 | kind);
    return parse_nft_notice(Message(type).with(nfgenmsg{}).text(static_cast<std::uint16_t>(attr), text));
  };
  const std::optional<NftNotice> lost = LostInTable{"t"}, commit = NftCommit{"nft"};
  EXPECT_EQ(notice(NFT_MSG_DELTABLE, NFTA_TABLE_NAME, "t"), lost);
  EXPECT_EQ(notice(NFT_MSG_DELCHAIN, NFTA_CHAIN_TABLE, "t"), lost);
  EXPECT_EQ(notice(NFT_MSG_DELRULE, NFTA_RULE_TABLE, "t"), lost);
  EXPECT_EQ(notice(NFT_MSG_DELSET, NFTA_SET_TABLE, "t"), lost);
  EXPECT_EQ(notice(NFT_MSG_DELSETELEM, NFTA_SET_ELEM_LIST_TABLE, "t"), lost);
  EXPECT_EQ(notice(NFT_MSG_NEWSETELEM, NFTA_SET_ELEM_LIST_TABLE, "t"), std::nullopt);
  EXPECT_EQ(notice(NFT_MSG_NEWGEN, NFTA_GEN_PROC_NAME, "nft"), commit);
  EXPECT_EQ(parse_nft_notice(Message(NFT_MSG_DELTABLE).text(NFTA_TABLE_NAME, "t")), std::nullopt)
      << "another subsystem";
  EXPECT_EQ(parse_nft_notice(Message(NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_DELTABLE)), std::nullopt) << "cut off";
}

}  // namespace
}  // namespace fairlead::wire
