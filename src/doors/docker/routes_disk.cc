#include "doors/docker/json_image.h"
#include "doors/docker/json_volume.h"
#include "doors/docker/routes_common.h"
#include "doors/docker/routes_container_lists.h"
#include "doors/docker/stream_route_groups.h"

namespace fairlead::docker {
namespace {

namespace json = boost::json;

Task<json::array> disk_of_containers(engine::Service& service, const Ask& ask) {
  json::array shown;
  // Measuring gives others a turn: the state may change under way, its records do not.
  const auto containers = service.state().containers();
  for (const auto& [id, container] : containers) {
    const auto size = co_await measure(service, *container);
    shown.push_back(container_summary(view_of(service, ask), *container, size));
  }
  co_return shown;
}

struct ImageDisk {
  json::array images;
  std::int64_t layers = 0;  ///< bytes of all layers, shared ones once
};

ImageDisk disk_of_images(engine::Service& service, int api_minor) {
  std::map<std::string, int> users;
  for (const auto& [id, container] : service.state().containers()) ++users[container->image_id];
  std::map<std::string, std::int64_t> layers;
  ImageDisk disk;
  for (const auto& image : service.images().list()) {
    auto shown = image_summary(image, api_minor);
    shown["Containers"] = users[image.id];
    disk.images.push_back(std::move(shown));
    auto layer = image.layers.begin();
    for (const auto& step : image.history)
      if (!step.empty_layer && layer != image.layers.end()) layers[*layer++] = step.size;
  }
  for (const auto& [id, size] : layers) disk.layers += size;
  return disk;
}

Task<json::array> disk_of_volumes(engine::Service& service) {
  json::array shown;
  for (const auto& volume : service.volumes().list()) {
    const std::int64_t size = co_await offload(service, [path = volume.mountpoint] { return bytes_below(path); });
    auto entry = volume_json(volume);
    entry["UsageData"] = json::object{{"RefCount", users_of(service.state(), volume.name).size()}, {"Size", size}};
    shown.push_back(std::move(entry));
  }
  co_return shown;
}

/// `type` (several) picks kinds; none of them asks for all.
Task<void> disk_usage(engine::Service& service, Exchange& exchange) {
  const auto& ask = exchange.ask();
  const auto types = ask.all("type");
  for (const auto& type : types)
    if (type != "container" && type != "image" && type != "volume" && type != "build-cache")
      co_return co_await exchange.error({base::ErrorKind::invalid, fmt::format("unknown object type: {}", type), {}});
  const auto wanted = [&types](const char* type) {
    return types.empty() || std::find(types.begin(), types.end(), type) != types.end();
  };
  json::object body;
  if (wanted("image")) {
    auto disk = disk_of_images(service, ask.api_minor);
    body["LayersSize"] = disk.layers;
    body["Images"] = std::move(disk.images);
  }
  if (wanted("container")) body["Containers"] = co_await disk_of_containers(service, ask);
  if (wanted("volume")) body["Volumes"] = co_await disk_of_volumes(service);
  if (wanted("build-cache")) body["BuildCache"] = json::array();
  co_await exchange.json(200, std::move(body));
}

}  // namespace

std::vector<Route> disk_routes(engine::Service& service) {
  return {{"GET", "/system/df",
           [&service](Exchange& exchange, std::vector<std::string>) { return disk_usage(service, exchange); }}};
}

}  // namespace fairlead::docker
