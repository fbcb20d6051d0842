#include <iterator>

#include "doors/docker/routes.h"
#include "doors/docker/stream_routes.h"

namespace fairlead::docker {

std::vector<Route> all_routes(engine::Service& service) {
  std::vector<Route> all;
  const auto add = [&all](std::vector<Route> group) {
    all.insert(all.end(), std::make_move_iterator(group.begin()), std::make_move_iterator(group.end()));
  };
  add(system_routes(service));
  add(stream_routes(service));
  add(container_routes(service));
  add(network_routes(service));
  add(image_routes(service));
  add(volume_routes(service));
  add(missing_routes());
  return all;
}

}  // namespace fairlead::docker
