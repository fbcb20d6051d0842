#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/ip.h"

namespace fairlead::engine {

/// What one name stands for. The order is that of the containers' ids: fixed, so that an asker can go round.
struct NamedAddresses {
  std::string name;  ///< lower case, without the last dot
  std::vector<base::Ip> ipv4, ipv6;
};

/// Names to addresses: filled once, then only read, by any thread. One probe on average per look-up.
class NameTable {
 public:
  /// Adds to a name, in any case; an address twice counts once. Names without characters are passed over.
  void add(std::string_view name, const std::vector<base::Ip>& addresses);
  /// `lower`: as `NamedAddresses::name`. Null when the table has no such name.
  const NamedAddresses* find(std::string_view lower) const;
  bool empty() const { return entries_.empty(); }
  const std::vector<NamedAddresses>& entries() const { return entries_; }

 private:
  void grow();
  struct Slot {
    std::uint32_t hash = 0, entry = 0;  ///< `entry` counts from 1; 0 is an empty slot
  };

  std::vector<NamedAddresses> entries_;
  std::vector<Slot> slots_;  ///< a power of two, at most half full
};

}  // namespace fairlead::engine
