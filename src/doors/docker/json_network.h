#pragma once
#include <boost/json.hpp>
#include <string_view>

#include "base/error.h"
#include "engine/command.h"
#include "engine/state.h"

namespace fairlead::docker {

/// A network as list and inspect show it; `with_containers` fills Containers with those that are up on it.
boost::json::object network_json(const engine::State& state, const engine::Network& network, bool with_containers,
                                 int api_minor);
/// Reads `POST /networks/create`.
base::Result<engine::CreateNetwork> parse_network_create(std::string_view body);

/// Reads `POST /networks/{}/connect`: the container as the user named it, and what is asked of its place on `network`.
struct ConnectRequest {
  std::string container;
  ports::EndpointRequest endpoint;
};
base::Result<ConnectRequest> parse_network_connect(std::string_view body, const std::string& network);

struct DisconnectRequest {
  std::string container;
  bool force = false;
};
base::Result<DisconnectRequest> parse_network_disconnect(std::string_view body);

}  // namespace fairlead::docker
