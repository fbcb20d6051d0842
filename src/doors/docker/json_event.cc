#include "doors/docker/json_event.h"

#include "doors/docker/json_fields.h"

namespace fairlead::docker {
namespace {

std::string attribute(const engine::Event& event, const char* name) {
  const auto at = event.attributes.find(name);
  return at == event.attributes.end() ? std::string() : at->second;
}

std::string without_tag(const std::string& image) {
  const auto colon = image.rfind(':');
  return colon == std::string::npos || image.find('/', colon) != std::string::npos ? image : image.substr(0, colon);
}

/// A filter that names objects of one type, by id or name or the beginning of one.
bool object_matches(const engine::Event& event, const wire::DockerFilters& filters, const std::string& type) {
  if (!filters.has(type)) return true;
  return event.type == type &&
         (filters.matches_prefix(type, event.actor) || filters.matches_prefix(type, attribute(event, "name")));
}

bool image_matches(const engine::Event& event, const wire::DockerFilters& filters) {
  if (!filters.has("image")) return true;
  const auto name = attribute(event, event.type == "image" ? "name" : "image");
  return filters.matches("image", event.actor) || filters.matches("image", name) ||
         filters.matches("image", without_tag(event.actor)) || filters.matches("image", without_tag(name));
}

/// `exec_create` also stands for `exec_create: ls -l`.
bool action_matches(const engine::Event& event, const wire::DockerFilters& filters) {
  return filters.matches("event", event.action) ||
         filters.matches("event", event.action.substr(0, event.action.find(':')));
}

}  // namespace

boost::json::object event_json(const engine::Event& event) {
  boost::json::object object;
  if (event.type == "container" || event.type == "image") {
    object["status"] = event.action;
    object["id"] = event.actor;
    if (const auto image = attribute(event, "image"); event.type == "container" && !image.empty())
      object["from"] = image;
  }
  object["Type"] = event.type;
  object["Action"] = event.action;
  object["Actor"] = boost::json::object{{"ID", event.actor}, {"Attributes", object_of(event.attributes)}};
  object["scope"] = "local";
  const auto at = event.at.time_since_epoch();
  object["time"] = std::chrono::duration_cast<std::chrono::seconds>(at).count();
  object["timeNano"] = at.count();
  return object;
}

bool event_matches(const engine::Event& event, const wire::DockerFilters& filters) {
  for (const char* type : {"container", "network", "volume", "daemon"})
    if (!object_matches(event, filters, type)) return false;
  return filters.matches("type", event.type) && action_matches(event, filters) && filters.matches("scope", "local") &&
         image_matches(event, filters) && filters.matches_labels(event.attributes);
}

}  // namespace fairlead::docker
