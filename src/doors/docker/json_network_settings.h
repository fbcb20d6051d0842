#pragma once
#include <boost/json.hpp>

#include "engine/state.h"

namespace fairlead::docker {

/// EndpointSettings: a container's place on one network.
boost::json::object endpoint_settings(const engine::State& state, const engine::Container& container,
                                      const engine::Attachment& attachment, int api_minor);
/// `{network's name: EndpointSettings}`.
boost::json::object networks_of(const engine::State& state, const engine::Container& container, int api_minor);
/// NetworkSettings of inspect, with the older top level that mirrors the default bridge.
boost::json::object network_settings(const engine::State& state, const engine::Container& container, int api_minor);

}  // namespace fairlead::docker
