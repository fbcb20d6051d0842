#pragma once
#include <functional>

#include "daemon/applier.h"
#include "ports/watch.h"

namespace fairlead::daemon {

/// What the State may be missing of what went. Our own deletions follow a change of the State, so they are none of it.
Doubt doubt_after(const ports::Losses& losses, const engine::State& state);

/// Does it tell of a link that containers stand on?
bool concerns_parents(const ports::Losses& losses, const engine::State& state);

/// For as long as the process lives: repairs the host a moment after something that the State wants went; the firewall
/// at once. Repairs that follow closely upon each other are spaced out, up to 1 s and ten times what the last one took,
/// so that a struggle with another program costs little. `see_parents` is called when a parent of a network came, went
/// or changed; it gives what could not be brought in line.
Task<void> watch_drift(ports::Watch& watch, Applier& applier, const engine::State& state,
                       std::function<Task<Doubt>()> see_parents);

}  // namespace fairlead::daemon
