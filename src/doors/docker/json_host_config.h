#pragma once
#include <boost/json.hpp>

#include "engine/state.h"

namespace fairlead::docker {

/// HostConfig of inspect.
boost::json::object host_config(const engine::State& state, const engine::Container& container);

}  // namespace fairlead::docker
