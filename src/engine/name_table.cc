#include "engine/name_table.h"

#include <algorithm>
#include <bit>

namespace fairlead::engine {
namespace {

/// FNV-1a. Whoever may name a container may as well slow its own networks' look-ups; nobody else's.
std::uint32_t hash_of(std::string_view text) {
  std::uint32_t hash = 0x811c9dc5;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x01000193;
  return hash;
}

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
  if (out.ends_with('.')) out.pop_back();
  return out;
}

}  // namespace

void NameTable::add(std::string_view name, const std::vector<base::Ip>& addresses) {
  const auto key = lower(name);
  if (key.empty() || addresses.empty()) return;
  if (entries_.size() * 2 >= slots_.size()) grow();
  const auto mask = slots_.size() - 1;
  const auto hash = hash_of(key);
  std::size_t at = hash & mask;
  while (slots_[at].entry != 0 && (slots_[at].hash != hash || entries_[slots_[at].entry - 1].name != key))
    at = (at + 1) & mask;
  if (slots_[at].entry == 0) {
    entries_.push_back({.name = key, .ipv4 = {}, .ipv6 = {}});
    slots_[at] = {hash, static_cast<std::uint32_t>(entries_.size())};
  }
  auto& entry = entries_[slots_[at].entry - 1];
  for (const auto& address : addresses) {
    auto& list = address.is_v4() ? entry.ipv4 : entry.ipv6;
    if (std::ranges::find(list, address) == list.end()) list.push_back(address);
  }
}

void NameTable::grow() {
  slots_.assign(std::bit_ceil(std::max<std::size_t>(entries_.size() * 4, 8)), {});
  const auto mask = slots_.size() - 1;
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    const auto hash = hash_of(entries_[i].name);
    std::size_t at = hash & mask;
    while (slots_[at].entry != 0) at = (at + 1) & mask;
    slots_[at] = {hash, static_cast<std::uint32_t>(i + 1)};
  }
}

const NamedAddresses* NameTable::find(std::string_view key) const {
  if (entries_.empty()) return nullptr;
  const auto mask = slots_.size() - 1;
  const auto hash = hash_of(key);
  for (std::size_t at = hash & mask; slots_[at].entry != 0; at = (at + 1) & mask) {
    const auto& entry = entries_[slots_[at].entry - 1];
    if (slots_[at].hash == hash && entry.name == key) return &entry;
  }
  return nullptr;
}

}  // namespace fairlead::engine
