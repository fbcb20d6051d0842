#include "wire/nft_set.h"

#include <arpa/inet.h>
#include <libmnl/libmnl.h>
// The order matters: this one needs the types of arpa/inet.h.
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

#include <algorithm>

#include "wire/netlink_attr.h"
#include "wire/nft_message.h"

namespace fairlead::wire {
namespace {

constexpr std::uint8_t comment_type = 0;  // NFTNL_UDATA_SET_ELEM_COMMENT and NFTNL_UDATA_TABLE_COMMENT

void put_bytes(nlmsghdr* header, std::uint16_t type, const std::vector<std::uint8_t>& bytes) {
  mnl_attr_put(header, type, bytes.size(), bytes.data());
}

void put_value(nlmsghdr* header, std::uint16_t type, const std::vector<std::uint8_t>& bytes) {
  nlattr* nest = mnl_attr_nest_start(header, type);
  put_bytes(header, NFTA_DATA_VALUE, bytes);
  mnl_attr_nest_end(header, nest);
}

void put_verdict(nlmsghdr* header, const NftVerdict& verdict) {
  nlattr* data = mnl_attr_nest_start(header, NFTA_SET_ELEM_DATA);
  nlattr* nest = mnl_attr_nest_start(header, NFTA_DATA_VERDICT);
  mnl_attr_put_u32(header, NFTA_VERDICT_CODE, htonl(static_cast<std::uint32_t>(verdict.code)));
  if (!verdict.chain.empty()) mnl_attr_put_strz(header, NFTA_VERDICT_CHAIN, verdict.chain.c_str());
  mnl_attr_nest_end(header, nest);
  mnl_attr_nest_end(header, data);
}

void put_element(nlmsghdr* header, const NftElement& element, bool key_only) {
  nlattr* nest = mnl_attr_nest_start(header, NFTA_LIST_ELEM);
  put_value(header, NFTA_SET_ELEM_KEY, element.key);
  if (!element.key_end.empty()) put_value(header, NFTA_SET_ELEM_KEY_END, element.key_end);
  if (element.interval_end) mnl_attr_put_u32(header, NFTA_SET_ELEM_FLAGS, htonl(NFT_SET_ELEM_INTERVAL_END));
  if (!key_only) {
    if (element.verdict) put_verdict(header, *element.verdict);
    if (!element.data.empty()) put_value(header, NFTA_SET_ELEM_DATA, element.data);
    if (!element.comment.empty()) put_nft_comment(header, NFTA_SET_ELEM_USERDATA, element.comment);
  }
  mnl_attr_nest_end(header, nest);
}

void put_elements(NetlinkBatch& batch, int message, std::uint16_t flags, const std::string& table,
                  const std::string& set, const std::vector<NftElement>& elements) {
  nlmsghdr* header = begin_nft(batch, nft_type(message), flags, NFPROTO_INET);
  mnl_attr_put_strz(header, NFTA_SET_ELEM_LIST_TABLE, table.c_str());
  mnl_attr_put_strz(header, NFTA_SET_ELEM_LIST_SET, set.c_str());
  nlattr* list = mnl_attr_nest_start(header, NFTA_SET_ELEM_LIST_ELEMENTS);
  for (const auto& element : elements) put_element(header, element, message == NFT_MSG_DELSETELEM);
  mnl_attr_nest_end(header, list);
}

std::uint32_t attr_be32(const nlattr* attr) {
  return ntohl(attr_u32(attr));
}

std::vector<std::uint8_t> read_value(const nlattr* nest) {
  std::vector<std::uint8_t> value;
  for_each_attr(nest, [&](const nlattr* attr, int type) {
    if (type == NFTA_DATA_VALUE) value.assign(attr_bytes(attr).begin(), attr_bytes(attr).end());
  });
  return value;
}

std::optional<NftVerdict> read_verdict(const nlattr* data) {
  std::optional<NftVerdict> verdict;
  for_each_attr(data, [&](const nlattr* attr, int type) {
    if (type != NFTA_DATA_VERDICT) return;
    verdict.emplace();
    for_each_attr(attr, [&](const nlattr* inner, int what) {
      if (what == NFTA_VERDICT_CODE) verdict->code = static_cast<std::int32_t>(attr_be32(inner));
      if (what == NFTA_VERDICT_CHAIN) verdict->chain = attr_string(inner);
    });
  });
  return verdict;
}

NftElement read_element(const nlattr* nest) {
  NftElement element;
  for_each_attr(nest, [&](const nlattr* attr, int type) {
    switch (type) {
      case NFTA_SET_ELEM_KEY:
        element.key = read_value(attr);
        break;
      case NFTA_SET_ELEM_KEY_END:
        element.key_end = read_value(attr);
        break;
      case NFTA_SET_ELEM_FLAGS:
        element.interval_end = (attr_be32(attr) & NFT_SET_ELEM_INTERVAL_END) != 0;
        break;
      case NFTA_SET_ELEM_USERDATA:
        element.comment = nft_comment(attr_bytes(attr));
        break;
      case NFTA_SET_ELEM_DATA:
        element.data = read_value(attr);
        element.verdict = read_verdict(attr);
        break;
      default:
        break;
    }
  });
  return element;
}

}  // namespace

std::uint16_t nft_type(int message) {
  return static_cast<std::uint16_t>(NFNL_SUBSYS_NFTABLES << 8 | message);
}

nlmsghdr* begin_nft(NetlinkBatch& batch, std::uint16_t type, std::uint16_t flags, std::uint8_t family,
                    std::uint16_t resource) {
  nlmsghdr* header = batch.begin(type, flags);
  auto* info = static_cast<nfgenmsg*>(mnl_nlmsg_put_extra_header(header, sizeof(nfgenmsg)));
  info->nfgen_family = family;
  info->version = NFNETLINK_V0;
  info->res_id = htons(resource);
  return header;
}

bool is_nft(const nlmsghdr* message, int type) {
  return message->nlmsg_type == nft_type(type) && mnl_nlmsg_get_payload_len(message) >= sizeof(nfgenmsg);
}

void put_nft_comment(nlmsghdr* header, std::uint16_t attribute, const std::string& comment) {
  std::vector<std::uint8_t> triple{comment_type,
                                   static_cast<std::uint8_t>(std::min<std::size_t>(comment.size(), 254) + 1)};
  triple.insert(triple.end(), comment.begin(), comment.begin() + (triple[1] - 1));
  triple.push_back(0);
  put_bytes(header, attribute, triple);
}

std::size_t nft_type_size(std::uint32_t type) {
  switch (type) {
    case nft_ipv4_addr:
      return 4;
    case nft_ipv6_addr:
      return 16;
    case nft_inet_proto:
      return 1;
    case nft_inet_service:
      return 2;
    case nft_ifname:
      return 16;
    default:
      return 0;
  }
}

std::vector<std::uint32_t> nft_split_types(std::uint32_t packed) {
  if (packed == nft_verdict) return {packed};
  std::vector<std::uint32_t> types;
  for (; packed != 0; packed >>= 6) types.push_back(packed & 0x3f);
  std::ranges::reverse(types);
  return types;
}

void put_nft_begin(NetlinkBatch& batch) {
  begin_nft(batch, NFNL_MSG_BATCH_BEGIN, 0, AF_UNSPEC, NFNL_SUBSYS_NFTABLES);
}

void put_nft_end(NetlinkBatch& batch) {
  begin_nft(batch, NFNL_MSG_BATCH_END, 0, AF_UNSPEC, NFNL_SUBSYS_NFTABLES);
}

void put_nft_new_elements(NetlinkBatch& batch, const std::string& table, const std::string& set,
                          const std::vector<NftElement>& elements) {
  put_elements(batch, NFT_MSG_NEWSETELEM, NLM_F_CREATE | NLM_F_EXCL, table, set, elements);
}

void put_nft_delete_elements(NetlinkBatch& batch, const std::string& table, const std::string& set,
                             const std::vector<NftElement>& elements) {
  put_elements(batch, NFT_MSG_DELSETELEM, 0, table, set, elements);
}

void put_nft_dump_tables(NetlinkBatch& batch) {
  begin_nft(batch, nft_type(NFT_MSG_GETTABLE), NLM_F_DUMP, NFPROTO_INET);
}

void put_nft_dump_sets(NetlinkBatch& batch, const std::string& table) {
  nlmsghdr* header = begin_nft(batch, nft_type(NFT_MSG_GETSET), NLM_F_DUMP, NFPROTO_INET);
  mnl_attr_put_strz(header, NFTA_SET_TABLE, table.c_str());
}

void put_nft_dump_elements(NetlinkBatch& batch, const std::string& table, const std::string& set) {
  nlmsghdr* header = begin_nft(batch, nft_type(NFT_MSG_GETSETELEM), NLM_F_DUMP, NFPROTO_INET);
  mnl_attr_put_strz(header, NFTA_SET_ELEM_LIST_TABLE, table.c_str());
  mnl_attr_put_strz(header, NFTA_SET_ELEM_LIST_SET, set.c_str());
}

std::optional<NftTable> parse_nft_table(const nlmsghdr* message) {
  if (!is_nft(message, NFT_MSG_NEWTABLE)) return std::nullopt;
  NftTable table;
  for_each_attr(message, sizeof(nfgenmsg), [&](const nlattr* attr, int type) {
    if (type == NFTA_TABLE_NAME) table.name = attr_string(attr);
    if (type == NFTA_TABLE_FLAGS) table.flags = attr_be32(attr);
    if (type == NFTA_TABLE_OWNER) table.owner = attr_be32(attr);
    if (type == NFTA_TABLE_USERDATA) table.comment = nft_comment(attr_bytes(attr));
  });
  if (table.name.empty()) return std::nullopt;
  return table;
}

std::optional<NftSet> parse_nft_set(const nlmsghdr* message) {
  if (!is_nft(message, NFT_MSG_NEWSET)) return std::nullopt;
  NftSet set;
  for_each_attr(message, sizeof(nfgenmsg), [&](const nlattr* attr, int type) {
    switch (type) {
      case NFTA_SET_NAME:
        set.name = attr_string(attr);
        break;
      case NFTA_SET_KEY_TYPE:
        set.key_types = nft_split_types(attr_be32(attr));
        break;
      case NFTA_SET_DATA_TYPE:
        set.data_types = nft_split_types(attr_be32(attr));
        break;
      case NFTA_SET_FLAGS: {
        const auto flags = attr_be32(attr);
        set.anonymous = (flags & NFT_SET_ANONYMOUS) != 0;
        set.interval = (flags & NFT_SET_INTERVAL) != 0;
        set.map = (flags & NFT_SET_MAP) != 0;
        break;
      }
      default:
        break;
    }
  });
  if (set.name.empty()) return std::nullopt;
  return set;
}

std::vector<NftElement> parse_nft_elements(const nlmsghdr* message) {
  std::vector<NftElement> elements;
  if (!is_nft(message, NFT_MSG_NEWSETELEM)) return elements;
  for_each_attr(message, sizeof(nfgenmsg), [&](const nlattr* attr, int type) {
    if (type != NFTA_SET_ELEM_LIST_ELEMENTS) return;
    for_each_attr(attr, [&](const nlattr* element, int) { elements.push_back(read_element(element)); });
  });
  return elements;
}

std::string nft_comment(std::span<const std::uint8_t> user_data) {
  while (user_data.size() >= 2) {
    const std::size_t length = user_data[1];
    if (user_data.size() < 2 + length) break;
    if (user_data[0] == comment_type) {
      const auto* text = reinterpret_cast<const char*>(user_data.data() + 2);
      return {text, strnlen(text, length)};
    }
    user_data = user_data.subspan(2 + length);
  }
  return {};
}

}  // namespace fairlead::wire
