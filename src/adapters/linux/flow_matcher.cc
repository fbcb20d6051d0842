#include "adapters/linux/flow_matcher.h"

#include <algorithm>
#include <array>

namespace fairlead::linuxnet {
namespace {

std::array<base::Ip, 4> ends_of(const wire::FlowRecord& flow) {
  return {flow.original.source, flow.original.destination, flow.reply.source, flow.reply.destination};
}

bool fits_one(const wire::FlowRecord& flow, const ports::FlowMatch& match) {
  if (match.protocol && match.protocol->number != flow.original.protocol) return false;
  if (match.host_port && match.host_port != flow.original.destination_port) return false;
  if (!match.address) return true;
  const auto ends = ends_of(flow);
  return std::ranges::find(ends, *match.address) != ends.end();
}

template <class Key>
bool fits_any(const wire::FlowRecord& flow, const std::multimap<Key, ports::FlowMatch>& matches, const Key& key) {
  const auto [first, last] = matches.equal_range(key);
  return std::any_of(first, last, [&](const auto& each) { return fits_one(flow, each.second); });
}

}  // namespace

FlowMatcher::FlowMatcher(const std::vector<ports::FlowMatch>& matches) {
  for (const auto& match : matches) {
    if (match.host_port) {
      by_port_.emplace(*match.host_port, match);
    } else if (match.address) {
      by_address_.emplace(*match.address, match);
    } else if (match.protocol) {
      by_protocol_.push_back(match);
    }
  }
}

std::optional<base::Family> FlowMatcher::family() const {
  if (!by_port_.empty() || !by_protocol_.empty() || by_address_.empty()) return std::nullopt;
  const auto family = by_address_.begin()->first.family();  // they are ordered by family
  return by_address_.rbegin()->first.family() == family ? std::optional(family) : std::nullopt;
}

bool FlowMatcher::fits(const wire::FlowRecord& flow) const {
  if (flow.original.destination_port && fits_any(flow, by_port_, *flow.original.destination_port)) return true;
  if (!by_address_.empty()) {
    for (const auto& end : ends_of(flow)) {
      if (fits_any(flow, by_address_, end)) return true;
    }
  }
  return std::ranges::any_of(by_protocol_, [&](const auto& match) { return fits_one(flow, match); });
}

}  // namespace fairlead::linuxnet
