#include "doors/docker/json_volume.h"

#include <algorithm>

#include "doors/docker/json_fields.h"
#include "doors/docker/json_status.h"

namespace fairlead::docker {
namespace json = boost::json;
using ports::Volume;

std::vector<std::string> users_of(const engine::State& state, const std::string& volume) {
  std::vector<std::string> users;
  for (const auto& [id, container] : state.containers()) {
    const bool mounts = std::ranges::any_of(container->spec.mounts, [&](const ports::MountRequest& mount) {
      return mount.kind == ports::MountRequest::Kind::volume && mount.source == volume;
    });
    if (mounts || std::ranges::find(container->volumes, volume) != container->volumes.end()) users.push_back(id.text());
  }
  return users;
}

json::object volume_json(const Volume& volume) {
  const auto map_or_null = [](const std::map<std::string, std::string>& map) {
    return map.empty() ? json::value(nullptr) : json::value(object_of(map));
  };
  json::object shown;
  shown["CreatedAt"] = time_text(volume.created);
  shown["Driver"] = volume.driver;
  shown["Labels"] = map_or_null(volume.labels);
  shown["Mountpoint"] = volume.mountpoint;
  shown["Name"] = volume.name;
  shown["Options"] = map_or_null(volume.options);
  shown["Scope"] = "local";
  return shown;
}

}  // namespace fairlead::docker
