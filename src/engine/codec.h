#pragma once
#include <vector>

#include "base/error.h"
#include "engine/state.h"
#include "ports/store.h"

namespace fairlead::engine {

/// Records of the store for the changes of a decision (JSON bodies; unknown fields are ignored when read back).
std::vector<ports::RecordChange> encode(const std::vector<Change>& changes);
/// The change that puts a stored record back into a State.
base::Result<Change> decode(const ports::Record& record);

}  // namespace fairlead::engine
