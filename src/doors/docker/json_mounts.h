#pragma once
#include <boost/json.hpp>
#include <functional>
#include <string>

#include "engine/state.h"

namespace fairlead::docker {

/// Where a named volume lies on the host; empty when that is not known.
using VolumePath = std::function<std::string(const std::string& name)>;

/// `Mounts` of list and inspect: what is mounted into the container.
boost::json::array mount_points(const engine::Container& container, const VolumePath& volume_path);
/// `HostConfig.Mounts`: those that were asked for with --mount; null when there is none.
boost::json::value asked_mounts(const engine::State& state, const engine::Container& container);

}  // namespace fairlead::docker
