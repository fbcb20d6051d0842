#include "doors/docker/json_container.h"
#include "doors/docker/json_fields.h"
#include "doors/docker/json_network_settings.h"
#include "doors/docker/json_ports.h"
#include "doors/docker/json_status.h"
#include "engine/event_of.h"

namespace fairlead::docker {
namespace json = boost::json;

namespace {

/// The command line as Docker lists it: arguments with a space in them stand in quotes.
std::string command_of(const engine::Container& container) {
  std::string command = container.path;
  for (const std::string& word : container.args) {
    command += word.find(' ') == std::string::npos ? " " + word : " '" + word + "'";
  }
  return command;
}

}  // namespace

json::object container_summary(const ContainerView& view, const engine::Container& container,
                               std::optional<ContainerSize> size) {
  json::object entry;
  entry["Id"] = container.id.text();
  entry["Names"] = json::array{"/" + container.name};
  entry["Image"] = container.spec.image;
  entry["ImageID"] = container.image_id;
  entry["Command"] = command_of(container);
  entry["Created"] = std::chrono::floor<std::chrono::seconds>(container.created).time_since_epoch().count();
  entry["Ports"] = ports_list(container);
  if (size) {
    entry["SizeRw"] = size->written;
    entry["SizeRootFs"] = size->root;
  }
  entry["Labels"] = object_of(container.spec.labels);
  entry["State"] = engine::status_word(container);
  entry["Status"] = status_text(container, view.now);
  json::object host;
  host["NetworkMode"] = container.joined ? "container:" + container.joined->text() : container.spec.network_mode;
  if (view.api_minor >= 46 && !container.spec.annotations.empty())
    host["Annotations"] = object_of(container.spec.annotations);
  entry["HostConfig"] = std::move(host);
  entry["NetworkSettings"] = json::object{{"Networks", networks_of(view.state, container, view.api_minor)}};
  entry["Mounts"] = mount_points(container, view.volume_path);
  return entry;
}

}  // namespace fairlead::docker
