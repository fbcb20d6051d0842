#include "wire/nft_replay.h"

#include <arpa/inet.h>
#include <libmnl/libmnl.h>
// The order matters: this one needs the types of arpa/inet.h.
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

#include <algorithm>
#include <array>
#include <span>

#include "wire/netlink_attr.h"
#include "wire/nft_message.h"

namespace fairlead::wire {
namespace {

/// What is asked for when such a thing is made; all else that a dump shows is the kernel's own book-keeping.
constexpr std::array<std::uint16_t, 12> set_attributes = {
    NFTA_SET_TABLE,    NFTA_SET_NAME, NFTA_SET_FLAGS,   NFTA_SET_KEY_TYPE,    NFTA_SET_KEY_LEN,  NFTA_SET_DATA_TYPE,
    NFTA_SET_DATA_LEN, NFTA_SET_DESC, NFTA_SET_TIMEOUT, NFTA_SET_GC_INTERVAL, NFTA_SET_USERDATA, NFTA_SET_EXPR};
constexpr std::array<std::uint16_t, 6> chain_attributes = {NFTA_CHAIN_TABLE,  NFTA_CHAIN_NAME, NFTA_CHAIN_HOOK,
                                                           NFTA_CHAIN_POLICY, NFTA_CHAIN_TYPE, NFTA_CHAIN_USERDATA};
constexpr std::array<std::uint16_t, 4> rule_attributes = {NFTA_RULE_TABLE, NFTA_RULE_CHAIN, NFTA_RULE_EXPRESSIONS,
                                                          NFTA_RULE_USERDATA};
/// Room for our own attributes and header.
constexpr std::size_t largest = NetlinkBatch::max_request - 64;

std::span<const std::uint16_t> wanted_of(int message) {
  switch (message) {
    case NFT_MSG_NEWSET:
      return set_attributes;
    case NFT_MSG_NEWCHAIN:
      return chain_attributes;
    case NFT_MSG_NEWRULE:
      return rule_attributes;
    default:
      return {};
  }
}

}  // namespace

void put_nft_owned_table(NetlinkBatch& batch, const std::string& table, const std::string& comment, bool persists) {
  nlmsghdr* header = begin_nft(batch, nft_type(NFT_MSG_NEWTABLE), NLM_F_CREATE, NFPROTO_INET);
  mnl_attr_put_strz(header, NFTA_TABLE_NAME, table.c_str());
  mnl_attr_put_u32(header, NFTA_TABLE_FLAGS, htonl(nft_table_owner | (persists ? nft_table_persist : 0)));
  put_nft_comment(header, NFTA_TABLE_USERDATA, comment);
}

void put_nft_delete_table(NetlinkBatch& batch, const std::string& table) {
  nlmsghdr* header = begin_nft(batch, nft_type(NFT_MSG_DELTABLE), 0, NFPROTO_INET);
  mnl_attr_put_strz(header, NFTA_TABLE_NAME, table.c_str());
}

void put_nft_dump_chains(NetlinkBatch& batch) {
  begin_nft(batch, nft_type(NFT_MSG_GETCHAIN), NLM_F_DUMP, NFPROTO_INET);
}

void put_nft_dump_rules(NetlinkBatch& batch, const std::string& table) {
  nlmsghdr* header = begin_nft(batch, nft_type(NFT_MSG_GETRULE), NLM_F_DUMP, NFPROTO_INET);
  mnl_attr_put_strz(header, NFTA_RULE_TABLE, table.c_str());
}

bool put_nft_replay(NetlinkBatch& batch, const nlmsghdr* message, std::uint32_t id) {
  const int kind = message->nlmsg_type & 0xff;
  const auto wanted = wanted_of(kind);
  if (wanted.empty() || !is_nft(message, kind) || message->nlmsg_len > largest) return false;
  bool named = false;
  for_each_attr(message, sizeof(nfgenmsg), [&](const nlattr*, int type) { named = named || type == wanted[1]; });
  if (!named) return false;
  const bool rule = kind == NFT_MSG_NEWRULE;
  nlmsghdr* header = begin_nft(batch, message->nlmsg_type,
                               static_cast<std::uint16_t>(NLM_F_CREATE | (rule ? NLM_F_APPEND : 0)), NFPROTO_INET);
  for_each_attr(message, sizeof(nfgenmsg), [&](const nlattr* attr, int type) {
    if (std::ranges::find(wanted, type) == wanted.end()) return;
    // With its own flag for nested ones, which `type` leaves out.
    mnl_attr_put(header, attr->nla_type, mnl_attr_get_payload_len(attr), mnl_attr_get_payload(attr));
  });
  if (kind == NFT_MSG_NEWSET) mnl_attr_put_u32(header, NFTA_SET_ID, htonl(id));
  return true;
}

}  // namespace fairlead::wire
