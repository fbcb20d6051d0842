#include "doors/docker/json_status.h"

#include <fmt/format.h>

#include "wire/docker_time.h"

namespace fairlead::docker {

using engine::Phase;

std::string status_text(const engine::Container& container, ports::Time now) {
  const auto ago = [&] { return wire::human_duration(now - container.finished); };
  switch (container.phase) {
    case Phase::running:
      return "Up " + wire::human_duration(now - container.started);
    case Phase::restarting:
      return fmt::format("Restarting ({}) {} ago", container.exit_code, ago());
    case Phase::removing:
      return "Removal In Progress";
    case Phase::dead:
      return "Dead";
    default:
      break;
  }
  if (container.finished == ports::Time{}) return "Created";
  return fmt::format("Exited ({}) {} ago", container.exit_code, ago());
}

std::string time_text(ports::Time time) {
  return ports::rfc3339(time);
}

}  // namespace fairlead::docker
