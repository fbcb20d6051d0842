#pragma once
#include <string>

#include "base/error.h"
#include "engine/records.h"

namespace fairlead::engine {

/// The name inside for the container's `index`-th attachment: the one asked for, else the one that it had last time,
/// else the network's prefix and the lowest number that is neither in use nor kept for another. 403 when the name asked
/// for belongs to another of its interfaces.
base::Result<std::string> settle_interface(const Container& container, std::size_t index, const Network& network);

}  // namespace fairlead::engine
