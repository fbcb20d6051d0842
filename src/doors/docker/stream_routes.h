#pragma once
/// Routes about the system as a whole, those that stream, and those that this engine does not serve.
#include <vector>

#include "doors/docker/exchange.h"
#include "engine/service.h"

namespace fairlead::docker {

/// /_ping, /version, /info.
std::vector<Route> system_routes(engine::Service& service);
/// attach, wait, resize, exec, logs, events, /system/df.
std::vector<Route> stream_routes(engine::Service& service);
/// What Docker has and this engine has not: 501, or 503 for what needs a swarm, in plain words.
std::vector<Route> missing_routes();
/// Every route of the door: those above and those of routes.h.
std::vector<Route> all_routes(engine::Service& service);

}  // namespace fairlead::docker
