/// Commands that change a container's record alone: rename, remove, volumes.
#include <fmt/format.h>

#include <utility>

#include "engine/decide_parts.h"
#include "engine/event_of.h"
#include "engine/names.h"

namespace fairlead::engine {

using base::ErrorKind;

base::Result<Decision> decide_one(const State& state, const RenameContainer& command, const Facts& facts) {
  const auto known = known_container(state, command.id);
  if (!known) return std::unexpected(known.error());
  if (command.name.empty() || command.name == "/") {
    return base::fail(ErrorKind::invalid, "Neither old nor new names may be empty");
  }
  Container container = **known;
  const auto name = settle_name(state, command.name, container.id, facts.entropy);
  if (!name) return std::unexpected(name.error());
  if (*name == container.name) {
    return base::fail(ErrorKind::invalid, "Renaming a container with the same name as its current name");
  }
  const std::string old = std::exchange(container.name, *name);
  Decision decision;
  decision.events.push_back(container_event(container, "rename", facts.now, {{"oldName", "/" + old}}));
  decision.changes.emplace_back(std::move(container));
  return decision;
}

base::Result<Decision> decide_one(const State& state, const RemoveContainer& command, const Facts& facts) {
  const auto known = known_container(state, command.id);
  if (!known) return std::unexpected(known.error());
  const auto& container = **known;
  if (container.is_up() || container.phase == Phase::restarting) {
    const auto word = container.is_up() ? "running" : status_word(container);
    return base::fail(
        ErrorKind::conflict,
        fmt::format("cannot remove container \"{}\": container is {}: stop the container before removing or "
                    "force remove",
                    container.name, word));
  }
  Decision decision;
  decision.changes.emplace_back(Erase{container.id});
  decision.events.push_back(container_event(container, "destroy", facts.now));
  return decision;
}

base::Result<Decision> decide_one(const State& state, const VolumesMade& command, const Facts&) {
  const auto known = known_container(state, command.id);
  if (!known) return std::unexpected(known.error());
  Container container = **known;
  container.volumes = command.names;
  return Decision{.changes = {std::move(container)}};
}

}  // namespace fairlead::engine
