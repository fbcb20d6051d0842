#pragma once
#include <boost/json.hpp>
#include <cstdint>
#include <optional>
#include <string>

#include "doors/docker/json_mounts.h"
#include "engine/state.h"
#include "ports/runtime.h"

namespace fairlead::docker {

/// Bytes that a container adds to its image, and all of its root file system.
struct ContainerSize {
  std::int64_t written = 0, root = 0;
};

/// What the JSON of a container draws on.
struct ContainerView {
  const engine::State& state;
  const ports::Runtime& runtime;
  VolumePath volume_path;
  ports::Time now{};
  int api_minor = 51;
};

/// One entry of `GET /containers/json`.
boost::json::object container_summary(const ContainerView& view, const engine::Container& container,
                                      std::optional<ContainerSize> size);
/// `GET /containers/{id}/json`.
boost::json::object container_details(const ContainerView& view, const engine::Container& container,
                                      std::optional<ContainerSize> size);
/// Config of a container or an image: process, labels, exposed ports and volumes.
boost::json::object process_config(const ports::ProcessSpec& process);

}  // namespace fairlead::docker
