#pragma once
/// Giving a container its places on networks, and taking them back.
#include <string>
#include <vector>

#include "engine/decide.h"

namespace fairlead::engine {

/// Gives `container` an endpoint on its `index`-th attachment: an id, an address, a MAC, names of both ends. The
/// network's cursor moves on in `changes`. 403 `Address already in use`, 500 when the pool is used up, 404 when the
/// network is gone; each behind Docker's `failed to set up container networking: `.
base::Result<void> take_endpoint(const State& state, Container& container, std::size_t index, const Facts& facts,
                                 Decision& decision);

/// Takes every endpoint back (addresses are free again, the last one is kept in mind) and leaves the sandbox, which
/// goes with its last user.
void give_back(const State& state, Container& container, ports::Time at, Decision& decision);

/// Takes back one endpoint.
void drop_endpoint(const State& state, Container& container, Attachment& attachment, ports::Time at,
                   Decision& decision);

}  // namespace fairlead::engine
