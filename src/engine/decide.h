#pragma once
#include <string>
#include <variant>
#include <vector>

#include "base/error.h"
#include "engine/command.h"
#include "engine/event.h"
#include "engine/state.h"

namespace fairlead::engine {

/// What a command comes to: records to change and events to tell. Nothing has happened yet.
struct Decision {
  std::vector<Change> changes;
  std::vector<Event> events;
  std::variant<std::monostate, ContainerId, NetworkId> made;  ///< what a create made
  std::vector<std::string> warnings;
};

/// Holds every rule. Pure: the same input gives the same output; refuses with a typed Error (Docker's words) before
/// anything is changed.
base::Result<Decision> decide(const State& state, const Command& command, const Facts& facts);

/// The change that puts the record which `change` is about back to what it is in `before`.
Change inverse(const State& before, const Change& change);

/// The state after a decision.
State after(State state, const Decision& decision);

}  // namespace fairlead::engine
