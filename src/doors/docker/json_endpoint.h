#pragma once
#include <string>

#include "doors/docker/json_fields.h"
#include "ports/container_spec.h"

namespace fairlead::docker {

/// Reads EndpointSettings, as create and connect carry them, for the network called `network`. Addresses that are none
/// complain in Docker's words (`invalid config for network N: invalid endpoint settings:…`).
ports::EndpointRequest read_endpoint(const std::string& network, const Fields& settings);

}  // namespace fairlead::docker
