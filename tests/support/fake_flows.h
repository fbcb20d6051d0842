#pragma once
/// Tracked flows in memory, for tests without a kernel.
#include <algorithm>
#include <array>
#include <cstdint>
#include <set>
#include <vector>

#include "ports/flows.h"

namespace fairlead::support {

/// A flow with its four ends: as the client sent it, and as the answers come (from, to).
struct Flow {
  ports::L4Protocol protocol;
  base::Ip client, sent_to, answered_from, answered_to;
  std::uint16_t client_port = 0, sent_to_port = 0, answered_from_port = 0;
  bool operator==(const Flow&) const = default;
};

class FakeFlows : public ports::Flows {
 public:
  std::vector<Flow> flows;
  std::set<base::Ip> host;              ///< this host's addresses, apart from those of loopback
  std::vector<ports::FlowMatch> asked;  ///< all that was ever asked for

  base::Result<std::size_t> forget(const std::vector<ports::FlowMatch>& matches) override {
    asked.insert(asked.end(), matches.begin(), matches.end());
    return std::erase_if(flows, [&](const Flow& flow) {
      return std::ranges::any_of(matches, [&](const auto& match) { return fits(flow, match); });
    });
  }

 private:
  bool is_sent_to(const base::Ip& wanted, const base::Ip& destination) const {
    if (!wanted.is_unspecified()) return wanted == destination;
    return wanted.family() == destination.family() && (destination.is_loopback() || host.contains(destination));
  }
  bool fits(const Flow& flow, const ports::FlowMatch& match) const {
    if (!match.address && !match.protocol && !match.sent_to && !match.sent_to_port && !match.led_to) return false;
    if (match.protocol && match.protocol != flow.protocol) return false;
    if (match.sent_to && !is_sent_to(*match.sent_to, flow.sent_to)) return false;
    if (match.sent_to_port && match.sent_to_port != flow.sent_to_port) return false;
    if (match.led_to && (match.led_to != flow.answered_from || match.led_to == flow.sent_to)) return false;
    const std::array ends{flow.client, flow.sent_to, flow.answered_from, flow.answered_to};
    return !match.address || std::ranges::find(ends, *match.address) != ends.end();
  }
};

}  // namespace fairlead::support
