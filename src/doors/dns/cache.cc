#include "doors/dns/cache.h"

namespace fairlead::dns {
namespace {

constexpr std::size_t kOverhead = 256;  // list and map nodes, about

std::size_t size_of(const CachedAnswer& answer) {
  return kOverhead + answer.key.size() + answer.message.size() + answer.ttl_at.size() * sizeof(answer.ttl_at[0]);
}

}  // namespace

const CachedAnswer* Cache::find(const std::string& key, Time now) {
  const auto found = index_.find(key);
  if (found == index_.end()) return nullptr;
  if (found->second->expires <= now) {
    erase(found->second);
    return nullptr;
  }
  entries_.splice(entries_.begin(), entries_, found->second);
  return &*found->second;
}

void Cache::store(CachedAnswer answer) {
  if (const auto known = index_.find(answer.key); known != index_.end()) erase(known->second);
  const auto size = size_of(answer);
  if (size > most_bytes_ / 8) return;
  while (bytes_ + size > most_bytes_) erase(std::prev(entries_.end()));
  entries_.push_front(std::move(answer));
  index_.emplace(entries_.front().key, entries_.begin());
  bytes_ += size;
}

void Cache::erase(List::iterator entry) {
  bytes_ -= size_of(*entry);
  index_.erase(entry->key);
  entries_.erase(entry);
}

}  // namespace fairlead::dns
