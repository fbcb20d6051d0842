#pragma once
/// Events as Docker words them, from records.
#include <map>
#include <string>

#include "engine/event.h"
#include "engine/records.h"

namespace fairlead::engine {

/// Docker's word for a driver: bridge, host, null.
std::string driver_name(Driver driver);
/// Docker's word for a phase: created, running, exited…; a container that starts is what it was before.
std::string status_word(const Container& container);

/// A container's event: its labels, image and name, and `more`.
Event container_event(const Container& container, std::string action, ports::Time at,
                      std::map<std::string, std::string> more = {});
/// A network's event: its name and type.
Event network_event(const Network& network, std::string action, ports::Time at);
/// That a container joined or left a network: the network's event with the container's id.
Event connection_event(const Network& network, const Container& container, std::string action, ports::Time at);

}  // namespace fairlead::engine
