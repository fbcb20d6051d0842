#pragma once
/// A plan: small typed steps in the order in which they must happen, each with its before and after.
#include <optional>
#include <string>
#include <vector>

#include "ports/objects.h"

namespace fairlead::ports {

/// Creation has no `before`, deletion no `after`, a change has both. Safe to repeat.
struct Step {
  std::optional<Object> before;
  std::optional<Object> after;

  /// The object it is about: `after`, or `before` for a deletion.
  const Object& subject() const { return after ? *after : *before; }
  /// The step that takes this one back.
  Step inverse() const { return {after, before}; }
  bool operator==(const Step&) const = default;
};

using Plan = std::vector<Step>;

/// One line, such as `+ link docker0 (bridge, mtu 1500)`.
std::string describe(const Step& step);

}  // namespace fairlead::ports
