#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "ports/container_spec.h"

namespace fairlead::docker {

/// What `POST /containers/create` asks for.
struct CreateRequest {
  ports::ContainerSpec spec;
  std::vector<std::string> warnings;  ///< settings that were passed over, in Docker's words
};

/// Bindings to add to a container and to take from it.
struct PortChange {
  std::vector<ports::PortBinding> publish, unpublish;
};

/// `{"Publish": {…}, "Unpublish": {…}}`, each as HostConfig.PortBindings.
base::Result<PortChange> parse_port_change(std::string_view body);

/// Reads the body (Config with HostConfig and NetworkingConfig) of any client from API 1.21 on. `invalid` for what is
/// wrong in itself, `not_implemented` for what would change the container's meaning and does not exist here.
base::Result<CreateRequest> parse_container_create(std::string_view body, int api_minor);

}  // namespace fairlead::docker
