#pragma once
/// The routes over many containers, and what they cost on disk.
#include "doors/docker/exchange.h"
#include "doors/docker/json_container.h"

namespace fairlead::docker {

Task<void> list_containers(engine::Service& service, Exchange& exchange);
Task<void> prune_containers(engine::Service& service, Exchange& exchange);
/// Adds up the files of a container's writable layer, on a worker thread.
Task<ContainerSize> measure(engine::Service& service, const engine::Container& container);

}  // namespace fairlead::docker
