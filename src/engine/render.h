#pragma once
/// From State to desired objects. Pure. The host's objects are parted into scopes, so that a command renders and diffs
/// only what it touches.
#include <string>
#include <variant>
#include <vector>

#include "engine/decide.h"
#include "engine/state.h"
#include "ports/plan.h"

namespace fairlead::engine {

struct HostScope {
  auto operator<=>(const HostScope&) const = default;
};
using Scope = std::variant<HostScope, NetworkId, SandboxId>;

/// Marks that tell our objects from others'.
inline constexpr char kAliasPrefix[] = "fairlead:";
inline constexpr char kNetnsPrefix[] = "fl-";
inline constexpr char kTable[] = "fairlead";
inline constexpr char kUserTable[] = "fairlead-user";

/// What should exist for one scope; empty when the State does not know it (any more).
std::vector<ports::Object> render(const State& state, const Scope& scope);
/// Every scope of the State, host first, then networks, then sandboxes.
std::vector<Scope> scopes(const State& state);
/// The scopes whose objects `changes` can alter, in the same order.
std::vector<Scope> touched(const State& before, const std::vector<Change>& changes);
/// The namespace that goes with a record, by name; empty for most.
std::string netns_of(const State& state, const Erase& gone);
/// The path to join a sandbox by.
std::string netns_path(const Sandbox& sandbox);

}  // namespace fairlead::engine
