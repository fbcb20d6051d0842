#pragma once
#include <boost/json.hpp>

#include "engine/event.h"
#include "wire/docker_filters.h"

namespace fairlead::docker {

/// An event as `docker events` reads it: the present form, and status, id and from for older clients.
boost::json::object event_json(const engine::Event& event);

/// Whether the event passes `filters`: type, event, container, image, network, volume, daemon, label, scope.
bool event_matches(const engine::Event& event, const wire::DockerFilters& filters);

}  // namespace fairlead::docker
