#pragma once
#include <vector>

#include "ports/plan.h"

namespace fairlead::engine {

/// Steps from what is applied to what is desired, in the fixed rank: creations and changes from the ground up
/// (namespaces, sysctls of all of one, bridges, their addresses, veths, settings inside, addresses, routes), then the
/// firewall, then forwarding, then deletions in reverse rank. Objects inside a namespace that goes away itself are not
/// deleted one by one.
struct Steps {
  ports::Plan make;             ///< kernel creations and changes
  ports::Plan firewall;         ///< one transaction, the commit point
  ports::Plan forwarding = {};  ///< settings that make the host a router: nothing may pass before the rules
  ports::Plan unmake;           ///< kernel deletions
  bool empty() const { return make.empty() && firewall.empty() && forwarding.empty() && unmake.empty(); }
};

/// Whether the Firewall port makes such an object; all others are the Kernel port's.
bool is_firewall(const ports::Object& object);

Steps diff(const std::vector<ports::Object>& applied, const std::vector<ports::Object>& desired);

}  // namespace fairlead::engine
