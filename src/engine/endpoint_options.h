#pragma once
/// The driver options of one endpoint: its interface's name and settings.
#include <optional>
#include <string>
#include <vector>

#include "ports/container_spec.h"
#include "ports/objects.h"

namespace fairlead::engine {

inline constexpr char kEndpointInterface[] = "com.docker.network.endpoint.ifname";
inline constexpr char kEndpointSysctls[] = "com.docker.network.endpoint.sysctls";

/// What is wrong with them, in Docker's words; nothing when all can be done.
std::vector<std::string> option_complaints(const ports::EndpointRequest& request);
/// The name asked for; none when any will do.
std::optional<std::string> asked_interface(const ports::EndpointRequest& request);
/// The settings asked for, with the interface's name in the place of IFNAME.
std::vector<ports::Sysctl> asked_sysctls(const ports::EndpointRequest& request, const std::string& netns,
                                         const std::string& interface);

}  // namespace fairlead::engine
