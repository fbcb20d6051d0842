#pragma once
/// The routes of the Docker API, one group per noun. The server tries them in order.
#include <vector>

#include "doors/docker/exchange.h"
#include "engine/service.h"

namespace fairlead::docker {

std::vector<Route> container_routes(engine::Service& service);
std::vector<Route> network_routes(engine::Service& service);
std::vector<Route> image_routes(engine::Service& service);
std::vector<Route> volume_routes(engine::Service& service);

}  // namespace fairlead::docker
