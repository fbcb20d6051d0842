#include "engine/decide.h"

#include "engine/decide_parts.h"

namespace fairlead::engine {

base::Result<Decision> decide(const State& state, const Command& command, const Facts& facts) {
  return std::visit([&](const auto& one) { return decide_one(state, one, facts); }, command);
}

State after(State state, const Decision& decision) {
  for (const auto& change : decision.changes) state.apply(change);
  return state;
}

base::Result<Shared<Container>> known_container(const State& state, const ContainerId& id) {
  if (auto found = state.container(id)) return found;
  return base::fail(base::ErrorKind::not_found, "No such container: " + id.text());
}

}  // namespace fairlead::engine
