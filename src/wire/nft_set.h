#pragma once
/// Sets, maps and their elements as nfnetlink speaks of them (linux/netfilter/nf_tables.h), bytes in network order.
#include <linux/netlink.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "wire/netlink_batch.h"

namespace fairlead::wire {

/// Numbers that nft(8) gives to data types; the kernel only stores them.
enum NftType : std::uint32_t {
  nft_ipv4_addr = 7,
  nft_ipv6_addr = 8,
  nft_inet_proto = 12,
  nft_inet_service = 13,
  nft_ifname = 41,
  nft_verdict = 0xffffff00,  ///< NFT_DATA_VERDICT
};

/// Bytes of one value of that type; 0 for a type that is not listed above.
std::size_t nft_type_size(std::uint32_t type);
/// A concatenation packs its types into one number, six bits each, the first one topmost.
std::vector<std::uint32_t> nft_split_types(std::uint32_t packed);

/// What a set or map holds.
struct NftSet {
  std::string name;
  bool anonymous = false, interval = false, map = false;
  std::vector<std::uint32_t> key_types;   ///< more than one: a concatenation
  std::vector<std::uint32_t> data_types;  ///< of a map; `nft_verdict` alone, or values
};

struct NftVerdict {
  std::int32_t code = 0;  ///< NF_ACCEPT, NF_DROP, NFT_JUMP, NFT_GOTO
  std::string chain;
  bool operator==(const NftVerdict&) const = default;
};

/// One element as the kernel holds it. A range is either two elements, the second an `interval_end` one beyond its last
/// value (plain sets), or one with `key_end`, its last value (concatenations).
struct NftElement {
  std::vector<std::uint8_t> key, key_end;
  bool interval_end = false;
  std::vector<std::uint8_t> data;
  std::optional<NftVerdict> verdict;
  std::string comment;
  bool operator==(const NftElement&) const = default;
};

/// What is known of a table of ours.
struct NftTable {
  std::string name;
  std::string comment;
  std::uint32_t flags = 0;  ///< `nft_table_owner`, `nft_table_persist` (wire/nft_replay.h)
  std::uint32_t owner = 0;  ///< netlink port of the socket that it belongs to; 0 for none
};

/// Brackets of a transaction: all between them happens or nothing.
void put_nft_begin(NetlinkBatch& batch);
void put_nft_end(NetlinkBatch& batch);
/// One request for all `elements` of one set, family inet. New ones must not exist (EEXIST).
void put_nft_new_elements(NetlinkBatch& batch, const std::string& table, const std::string& set,
                          const std::vector<NftElement>& elements);
void put_nft_delete_elements(NetlinkBatch& batch, const std::string& table, const std::string& set,
                             const std::vector<NftElement>& elements);
void put_nft_dump_tables(NetlinkBatch& batch);
void put_nft_dump_sets(NetlinkBatch& batch, const std::string& table);
void put_nft_dump_elements(NetlinkBatch& batch, const std::string& table, const std::string& set);

/// Each reads one message of a dump; nothing (or none) if it is another or malformed.
std::optional<NftTable> parse_nft_table(const nlmsghdr* message);
std::optional<NftSet> parse_nft_set(const nlmsghdr* message);
std::vector<NftElement> parse_nft_elements(const nlmsghdr* message);

/// The comment in user data (type, length, value triples, as nft(8) writes them): type 0, NUL-terminated.
std::string nft_comment(std::span<const std::uint8_t> user_data);

}  // namespace fairlead::wire
