#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <vector>

#include "base/ip.h"
#include "ports/flows.h"
#include "wire/conntrack.h"

namespace fairlead::linuxnet {

/// Whether one of them asks what addresses this host has.
bool ask_for_host(const std::vector<ports::FlowMatch>& matches);

/// Whether a flow fits one of many matches, at the cost of a few look-ups.
class FlowMatcher {
 public:
  /// `host` are the addresses of this host; those of loopback need not be among them.
  FlowMatcher(const std::vector<ports::FlowMatch>& matches, std::set<base::Ip> host);

  /// Nothing can fit.
  bool is_empty() const { return by_port_.empty() && by_address_.empty() && others_.empty(); }
  /// The only family of flows that can fit, if there is one.
  std::optional<base::Family> family() const;
  bool fits(const wire::FlowRecord& flow) const;

 private:
  bool is_sent_to(const base::Ip& wanted, const base::Ip& destination) const;
  bool fits_one(const wire::FlowRecord& flow, const ports::FlowMatch& match) const;
  template <class Key>
  bool fits_any(const wire::FlowRecord& flow, const std::multimap<Key, ports::FlowMatch>& matches,
                const Key& key) const;

  std::set<base::Ip> host_;
  std::set<base::Family> families_;  ///< of the flows that can fit
  std::multimap<std::uint16_t, ports::FlowMatch> by_port_;
  std::multimap<base::Ip, ports::FlowMatch> by_address_;  ///< those without a port
  std::vector<ports::FlowMatch> others_;                  ///< those with neither
};

}  // namespace fairlead::linuxnet
