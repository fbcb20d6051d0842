#pragma once
/// Published ports: which ports of the host lead to a container. Docker's `-p`, `-P`, and their change while it runs.
#include <optional>
#include <vector>

#include "engine/decide.h"
#include "ports/flows.h"
#include "ports/sockets.h"

namespace fairlead::engine {

/// Gives the container the host ports that its bindings ask for: those it has stay, new ones are found, the others are
/// given back. It has none on networks that do not lead out. Refuses in Docker's words what another container has.
base::Result<void> settle_ports(const State& state, Container& container, const Facts& facts);

/// Where the container's published ports lead in one family: its endpoint on the bridge network of its default route.
/// Null when there is none.
const Attachment* publish_attachment(const State& state, const Container& container, base::Family family);

/// Docker's sentence around a reason why a container's port cannot be published.
base::Error publish_error(const State& state, const Container& container, base::Error reason);

/// What becomes of the host's sockets by a decision.
struct PortsTouched {
  std::vector<ports::HostPort> taken, given;
};
PortsTouched ports_touched(const State& before, const std::vector<Change>& changes);

/// The flows that a decision leaves behind as they must no longer be: of addresses that go, of host ports that change
/// hands or lead elsewhere, of ports that were open at a container's own address.
std::vector<ports::FlowMatch> flows_touched(const State& before, const std::vector<Change>& changes);

/// Where a socket that holds a published port leads those who reach it. None without an endpoint.
std::optional<ports::PortTarget> target_of(const State& state, const Container& container, const Published& published);

}  // namespace fairlead::engine
