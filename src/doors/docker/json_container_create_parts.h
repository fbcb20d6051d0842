#pragma once
/// The parts of `parse_container_create`, one per concern. Each reads its fields into the spec and complains through
/// them.
#include <string>
#include <vector>

#include "doors/docker/json_container_create.h"
#include "doors/docker/json_fields.h"

namespace fairlead::docker {

/// Complains with an `invalid` or a `not_implemented` error.
void refuse(const Fields& fields, std::string text);
void lack(const Fields& fields, std::string what);

void read_mounts(const Fields& config, const Fields& host, ports::ContainerSpec& spec);
void read_limits(const Fields& host, CreateRequest& request);
void read_ports(const Fields& config, const Fields& host, ports::ContainerSpec& spec);
void read_networks(const Fields& config, const Fields& host, int api_minor, ports::ContainerSpec& spec);
/// Everything else of HostConfig: namespaces, capabilities, logging, restart policy, names.
void read_host(const Fields& host, ports::ContainerSpec& spec);

}  // namespace fairlead::docker
