#include "adapters/linux/flow_matcher.h"

#include <algorithm>
#include <array>

namespace fairlead::linuxnet {
namespace {

std::array<base::Ip, 4> ends_of(const wire::FlowRecord& flow) {
  return {flow.original.source, flow.original.destination, flow.reply.source, flow.reply.destination};
}

/// An address that one end of the flow must have.
std::optional<base::Ip> end_of(const ports::FlowMatch& match) {
  if (match.address) return match.address;
  if (match.led_to) return match.led_to;
  return match.sent_to && !match.sent_to->is_unspecified() ? match.sent_to : std::nullopt;
}

}  // namespace

bool ask_for_host(const std::vector<ports::FlowMatch>& matches) {
  return std::ranges::any_of(matches, [](const auto& m) { return m.sent_to && m.sent_to->is_unspecified(); });
}

FlowMatcher::FlowMatcher(const std::vector<ports::FlowMatch>& matches, std::set<base::Ip> host)
    : host_(std::move(host)) {
  for (const auto& match : matches) {
    const auto end = end_of(match);
    if (match.sent_to_port) {
      by_port_.emplace(*match.sent_to_port, match);
    } else if (end) {
      by_address_.emplace(*end, match);
    } else if (match.protocol || match.sent_to) {
      others_.push_back(match);
    } else {
      continue;
    }
    const auto of_family = end ? end : match.sent_to;
    for (const auto family : {base::Family::v4, base::Family::v6}) {
      if (!of_family || of_family->family() == family) families_.insert(family);
    }
  }
}

std::optional<base::Family> FlowMatcher::family() const {
  return families_.size() == 1 ? std::optional(*families_.begin()) : std::nullopt;
}

bool FlowMatcher::is_sent_to(const base::Ip& wanted, const base::Ip& destination) const {
  if (!wanted.is_unspecified()) return wanted == destination;
  return wanted.family() == destination.family() && (destination.is_loopback() || host_.contains(destination));
}

bool FlowMatcher::fits_one(const wire::FlowRecord& flow, const ports::FlowMatch& match) const {
  const auto& sent = flow.original;
  if (match.protocol && match.protocol->number != sent.protocol) return false;
  if (match.sent_to_port && match.sent_to_port != sent.destination_port) return false;
  if (match.sent_to && !is_sent_to(*match.sent_to, sent.destination)) return false;
  if (match.led_to && (*match.led_to != flow.reply.source || *match.led_to == sent.destination)) return false;
  if (!match.address) return true;
  const auto ends = ends_of(flow);
  return std::ranges::find(ends, *match.address) != ends.end();
}

template <class Key>
bool FlowMatcher::fits_any(const wire::FlowRecord& flow, const std::multimap<Key, ports::FlowMatch>& matches,
                           const Key& key) const {
  const auto [first, last] = matches.equal_range(key);
  return std::any_of(first, last, [&](const auto& each) { return fits_one(flow, each.second); });
}

bool FlowMatcher::fits(const wire::FlowRecord& flow) const {
  if (flow.original.destination_port && fits_any(flow, by_port_, *flow.original.destination_port)) return true;
  if (!by_address_.empty()) {
    for (const auto& end : ends_of(flow)) {
      if (fits_any(flow, by_address_, end)) return true;
    }
  }
  return std::ranges::any_of(others_, [&](const auto& match) { return fits_one(flow, match); });
}

}  // namespace fairlead::linuxnet
