#pragma once
#include <boost/json.hpp>
#include <string>
#include <vector>

#include "engine/state.h"
#include "ports/runtime.h"

namespace fairlead::docker {

/// One volume, as list and inspect show it.
boost::json::object volume_json(const ports::Volume& volume);
/// Ids of the containers that mount a volume.
std::vector<std::string> users_of(const engine::State& state, const std::string& volume);

}  // namespace fairlead::docker
