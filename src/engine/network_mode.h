#pragma once
/// What `--network` means.
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "engine/state.h"
#include "ports/container_spec.h"

namespace fairlead::engine {

/// `default` and nothing are the default bridge, or none where the administrator wants no bridge (`-b none`).
std::string resolve_mode(const State& state, const std::string& mode);
/// The X of `container:X`; none for every other mode.
std::optional<std::string> joined_reference(const std::string& mode);
bool is_host_mode(const std::string& mode);
/// bridge, host, none and default: names that no user may give or take away.
bool is_predefined_name(const std::string& name);

/// Docker's refusals of options that a mode has no room for, such as `conflicting options: dns and the network mode`.
base::Result<void> check_mode(const std::string& mode, const ports::ContainerSpec& asked);

/// The networks of a new container: those asked for, the mode's own first; the mode's alone when none is asked for.
/// A network that is not there yet is kept by name: the start looks for it again.
base::Result<std::vector<Attachment>> attachments_of(const State& state, const std::string& mode,
                                                     const std::vector<ports::EndpointRequest>& asked);

}  // namespace fairlead::engine
