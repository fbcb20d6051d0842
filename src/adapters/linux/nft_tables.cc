#include "adapters/linux/nft_tables.h"

#include <algorithm>
#include <iterator>

#include "adapters/linux/nft_fields.h"

namespace fairlead::linuxnet {

base::Result<std::optional<wire::NftTable>> NftTables::table(const std::string& name) {
  std::optional<wire::NftTable> found;
  const auto look = [&](const nlmsghdr* message) {
    if (auto seen = wire::parse_nft_table(message); seen && seen->name == name) found = std::move(seen);
  };
  auto read = socket_.dump(&wire::put_nft_dump_tables, look, [&] { found.reset(); });
  if (!read) return std::unexpected(read.error());
  return found;
}

base::Result<const NftTables::Sets*> NftTables::sets(const std::string& table, Disturbed disturbed) {
  Sets found;
  const auto keep = [&](const nlmsghdr* message) {
    if (auto set = wire::parse_nft_set(message); set && !set->anonymous) {
      found[set->name] = std::make_shared<wire::NftSet>(*set);
    }
  };
  const auto ask = [&](wire::NetlinkBatch& batch) { wire::put_nft_dump_sets(batch, table); };
  auto read = socket_.dump(ask, keep, [&] { found.clear(); }, disturbed);
  if (!read && read.error().kind != base::ErrorKind::not_found) return std::unexpected(read.error());
  return &(known_[table] = std::move(found));
}

base::Result<std::shared_ptr<const wire::NftSet>> NftTables::find(const std::string& table, const std::string& set) {
  const auto look = [&](const Sets& all) -> std::shared_ptr<const wire::NftSet> {
    const auto found = all.find(set);
    return found == all.end() ? nullptr : found->second;
  };
  if (const auto known = known_.find(table); known != known_.end()) {
    if (auto found = look(known->second)) return found;
  }
  auto read = sets(table);
  if (!read) return std::unexpected(read.error());
  return look(**read);
}

base::Result<std::vector<ports::FirewallElement>> NftTables::elements(const std::string& table, const wire::NftSet& set,
                                                                      Disturbed disturbed) {
  std::vector<wire::NftElement> found;
  const auto keep = [&](const nlmsghdr* message) {
    auto some = wire::parse_nft_elements(message);
    std::ranges::move(some, std::back_inserter(found));
  };
  const auto ask = [&](wire::NetlinkBatch& batch) { wire::put_nft_dump_elements(batch, table, set.name); };
  auto read = socket_.dump(ask, keep, [&] { found.clear(); }, disturbed);
  if (!read && read.error().kind != base::ErrorKind::not_found) return std::unexpected(read.error());
  return decode_elements(table, set, std::move(found));
}

base::Result<std::vector<ports::FirewallElement>> NftTables::elements(const std::string& table, Disturbed disturbed) {
  auto all = sets(table, disturbed);
  if (!all) return std::unexpected(all.error());
  std::vector<ports::FirewallElement> found;
  for (const auto& [name, set] : **all) {
    auto some = elements(table, *set, disturbed);
    if (!some) return some;
    std::ranges::move(*some, std::back_inserter(found));
  }
  return found;
}

}  // namespace fairlead::linuxnet
