#include "engine/event_of.h"

namespace fairlead::engine {

std::string driver_name(Driver driver) {
  switch (driver) {
    case Driver::bridge:
      return "bridge";
    case Driver::host:
      return "host";
    case Driver::null:
      return "null";
    case Driver::macvlan:
      return "macvlan";
    case Driver::ipvlan:
      return "ipvlan";
  }
  return "bridge";
}

std::string status_word(const Container& container) {
  switch (container.phase) {
    case Phase::created:
      return "created";
    case Phase::starting:
      if (container.restart_count > 0) return "restarting";  // a user's start sets it to zero
      return container.started == Time{} ? "created" : "exited";
    case Phase::running:
      return "running";
    case Phase::exited:
      return "exited";
    case Phase::restarting:
      return "restarting";
    case Phase::removing:
      return "removing";
    case Phase::dead:
      return "dead";
  }
  return "created";
}

Event container_event(const Container& container, std::string action, ports::Time at,
                      std::map<std::string, std::string> more) {
  Event event{at, "container", std::move(action), container.id.text(), std::move(more)};
  // Docker lets what it says itself win over a label of the same name.
  event.attributes.insert(container.spec.labels.begin(), container.spec.labels.end());
  event.attributes.insert_or_assign("image", container.spec.image);
  event.attributes.insert_or_assign("name", container.name);
  return event;
}

Event network_event(const Network& network, std::string action, ports::Time at) {
  return {at,
          "network",
          std::move(action),
          network.id.text(),
          {{"name", network.name}, {"type", driver_name(network.driver)}}};
}

Event connection_event(const Network& network, const Container& container, std::string action, ports::Time at) {
  Event event = network_event(network, std::move(action), at);
  event.attributes.insert_or_assign("container", container.id.text());
  return event;
}

}  // namespace fairlead::engine
