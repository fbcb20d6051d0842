#pragma once
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "adapters/linux/netlink_socket.h"
#include "ports/objects.h"
#include "wire/nft_set.h"

namespace fairlead::linuxnet {

/// Reads tables of family inet, and remembers how their sets are declared.
class NftTables {
 public:
  explicit NftTables(NetlinkSocket& socket) : socket_(socket) {}
  /// Nothing if there is no such table.
  base::Result<std::optional<wire::NftTable>> table(const std::string& name);
  /// How the set is declared, or nullptr.
  base::Result<std::shared_ptr<const wire::NftSet>> find(const std::string& table, const std::string& set);
  /// All elements of one set; none if it is gone.
  base::Result<std::vector<ports::FirewallElement>> elements(const std::string& table, const wire::NftSet& set,
                                                             Disturbed disturbed = Disturbed::take);
  /// All elements of all sets, which are read anew.
  base::Result<std::vector<ports::FirewallElement>> elements(const std::string& table,
                                                             Disturbed disturbed = Disturbed::take);
  void forget() { known_.clear(); }

 private:
  using Sets = std::map<std::string, std::shared_ptr<const wire::NftSet>>;
  base::Result<const Sets*> sets(const std::string& table, Disturbed disturbed = Disturbed::take);

  NetlinkSocket& socket_;
  std::map<std::string, Sets> known_;
};

}  // namespace fairlead::linuxnet
