#pragma once
#include "engine/state.h"

namespace fairlead::engine {

/// Whether the network leads out: an internal one does not, nor one without a gateway of that family.
bool has_way_out(const Network& network, base::Family family);

/// The endpoint's address of that family, where it has one.
const std::optional<base::Prefix>& address_of(const Endpoint& endpoint, base::Family family);

/// The attachment whose network gives the container its default route of that family: of those up on a network that
/// leads out, the one of highest `gw_priority`, then of the first name. Null when there is none.
const Attachment* gateway_attachment(const State& state, const Container& container, base::Family family);

}  // namespace fairlead::engine
