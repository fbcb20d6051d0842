#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "base/ip.h"
#include "ports/flows.h"
#include "wire/conntrack.h"

namespace fairlead::linuxnet {

/// Whether a flow fits one of many matches, at the cost of a few look-ups.
class FlowMatcher {
 public:
  explicit FlowMatcher(const std::vector<ports::FlowMatch>& matches);

  /// Nothing can fit.
  bool is_empty() const { return by_port_.empty() && by_address_.empty() && by_protocol_.empty(); }
  /// The only family of flows that can fit, if there is one.
  std::optional<base::Family> family() const;
  bool fits(const wire::FlowRecord& flow) const;

 private:
  std::multimap<std::uint16_t, ports::FlowMatch> by_port_;
  std::multimap<base::Ip, ports::FlowMatch> by_address_;  ///< those without a port
  std::vector<ports::FlowMatch> by_protocol_;             ///< those with neither
};

}  // namespace fairlead::linuxnet
