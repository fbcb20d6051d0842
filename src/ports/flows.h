#pragma once
/// Flows that the kernel tracks (nf_conntrack). A flow keeps the translation it began with, so those of a container or
/// a host port that changes hands must be forgotten.
#include <cstdint>
#include <optional>
#include <vector>

#include "base/error.h"
#include "base/ip.h"
#include "ports/objects.h"

namespace fairlead::ports {

/// All that is set must fit.
struct FlowMatch {
  std::optional<base::Ip> address;  ///< one end of the flow, in either direction, before or after translation
  std::optional<L4Protocol> protocol;
  /// Destination as the client sent it, before translation. `0.0.0.0` and `::` stand for every address that this host
  /// has in their family; what only passes through the host is sent to none of them.
  std::optional<base::Ip> sent_to;
  std::optional<std::uint16_t> sent_to_port;
  std::optional<base::Ip> led_to;  ///< where a translation leads it: who answers for the one that it was sent to
};

/// Blocking; one thread at a time. Of the namespace in which it was constructed.
class Flows {
 public:
  virtual ~Flows() = default;
  /// Forgets every flow that fits one of `matches`; says how many. An empty match fits nothing.
  virtual base::Result<std::size_t> forget(const std::vector<FlowMatch>& matches) = 0;
};

}  // namespace fairlead::ports
