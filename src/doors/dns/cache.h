#pragma once
#include <list>
#include <string>
#include <unordered_map>
#include <vector>

#include "doors/dns/poller.h"

namespace fairlead::dns {

/// An outside answer as it came, and where its TTLs stand.
struct CachedAnswer {
  std::string key, message;
  std::vector<std::uint16_t> ttl_at;
  Time stored, expires;
};

/// Outside answers until they expire; beyond `most_bytes` the one that was not asked for longest goes.
class Cache {
 public:
  explicit Cache(std::size_t most_bytes) : most_bytes_(most_bytes) {}
  /// Null when there is none that is still good.
  const CachedAnswer* find(const std::string& key, Time now);
  void store(CachedAnswer answer);
  std::size_t bytes() const { return bytes_; }

 private:
  using List = std::list<CachedAnswer>;
  void erase(List::iterator entry);

  std::size_t most_bytes_, bytes_ = 0;
  List entries_;  ///< the one asked for last in front
  std::unordered_map<std::string_view, List::iterator> index_;
};

}  // namespace fairlead::dns
