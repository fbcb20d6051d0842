#pragma once
#include "engine/state.h"

namespace fairlead::engine {

/// The attachment whose network gives the container its default route: of those up on a network that reaches out, the
/// one of highest `gw_priority`, then of the first name. Null when there is none.
const Attachment* gateway_attachment(const State& state, const Container& container);

}  // namespace fairlead::engine
