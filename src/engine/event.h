#pragma once
#include <map>
#include <string>

#include "ports/clock.h"

namespace fairlead::engine {

/// Something that happened, as `docker events` shows it.
struct Event {
  ports::Time at{};
  std::string type;    ///< container, network, image, volume, daemon
  std::string action;  ///< create, start, die, connect…
  std::string actor;   ///< id
  std::map<std::string, std::string> attributes;
  bool operator==(const Event&) const = default;
};

}  // namespace fairlead::engine
