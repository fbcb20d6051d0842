#include "doors/docker/json_image.h"

#include <fmt/format.h>

#include "doors/docker/json_container.h"
#include "doors/docker/json_fields.h"
#include "doors/docker/json_status.h"

namespace fairlead::docker {
namespace json = boost::json;

namespace {

/// Up to these versions a nameless image had names that say so, and a second size.
constexpr int kNoneNames = 42, kVirtualSize = 43;

std::int64_t unix_seconds(ports::Time time) {
  return std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count();
}

json::object empties(const std::vector<std::string>& names) {
  json::object object;
  for (const std::string& name : names) object[name] = json::object();
  return object;
}

json::object image_config(const ports::Image& image) {
  json::object config;
  config["Hostname"] = "";
  config["Domainname"] = "";
  for (auto& member : process_config(image.process)) config.insert(std::move(member));
  config["Image"] = "";
  if (!image.exposed_ports.empty()) config["ExposedPorts"] = empties(image.exposed_ports);
  config["Volumes"] = image.volumes.empty() ? json::value(nullptr) : json::value(empties(image.volumes));
  config["OnBuild"] = list_or_null(image.on_build);
  config["Labels"] = image.labels.empty() ? json::value(nullptr) : json::value(object_of(image.labels));
  if (!image.stop_signal.empty()) config["StopSignal"] = image.stop_signal;
  if (!image.shell.empty()) config["Shell"] = list_of(image.shell);
  return config;
}

json::object graph_driver(const ports::Image& image) {
  std::vector<std::string> highest_first(image.layer_dirs.rbegin(), image.layer_dirs.rend());
  json::object data;
  if (highest_first.size() > 1) {
    data["LowerDir"] = fmt::format("{}", fmt::join(highest_first.begin() + 1, highest_first.end(), ":"));
  }
  if (!highest_first.empty()) data["UpperDir"] = highest_first.front();
  return {{"Data", std::move(data)}, {"Name", "overlay2"}};
}

std::string line_of(const json::object& object) {
  return json::serialize(object) + "\r\n";
}

}  // namespace

json::object image_summary(const ports::Image& image, int api_minor) {
  json::object entry;
  entry["Containers"] = -1;
  entry["Created"] = unix_seconds(image.created);
  entry["Id"] = image.id;
  entry["Labels"] = image.labels.empty() ? json::value(nullptr) : json::value(object_of(image.labels));
  entry["ParentId"] = image.parent;
  const bool nameless = image.tags.empty() && image.digests.empty() && api_minor <= kNoneNames;
  entry["RepoDigests"] = nameless ? json::array{"<none>@<none>"} : list_of(image.digests);
  entry["RepoTags"] = nameless ? json::array{"<none>:<none>"} : list_of(image.tags);
  entry["SharedSize"] = -1;
  entry["Size"] = image.size;
  if (api_minor <= kVirtualSize) entry["VirtualSize"] = image.size;
  return entry;
}

json::object image_details(const ports::Image& image, int api_minor) {
  json::object details;
  details["Id"] = image.id;
  details["RepoTags"] = list_of(image.tags);
  details["RepoDigests"] = list_of(image.digests);
  details["Parent"] = image.parent;
  details["Comment"] = image.comment;
  details["Created"] = time_text(image.created);
  details["DockerVersion"] = "";
  details["Author"] = image.author;
  details["Config"] = image_config(image);
  details["Architecture"] = image.architecture;
  if (!image.variant.empty()) details["Variant"] = image.variant;
  details["Os"] = image.os;
  details["Size"] = image.size;
  if (api_minor <= kVirtualSize) details["VirtualSize"] = image.size;
  details["GraphDriver"] = graph_driver(image);
  details["RootFS"] = json::object{{"Type", "layers"}, {"Layers", list_of(image.layers)}};
  details["Metadata"] = json::object{{"LastTagTime", time_text({})}};
  return details;
}

json::array image_history(const ports::Image& image) {
  json::array history;
  for (auto step = image.history.rbegin(); step != image.history.rend(); ++step) {
    const bool newest = step == image.history.rbegin();
    json::object entry;
    entry["Id"] = newest ? image.id : "<missing>";
    entry["Created"] = unix_seconds(step->created);
    entry["CreatedBy"] = step->created_by;
    entry["Tags"] = newest ? list_or_null(image.tags) : json::value(nullptr);
    entry["Size"] = step->size;
    entry["Comment"] = step->comment;
    history.push_back(std::move(entry));
  }
  return history;
}

json::array deletion_json(const ports::ImageDeletion& deletion) {
  json::array list;
  for (const std::string& name : deletion.untagged) list.push_back(json::object{{"Untagged", name}});
  for (const std::string& id : deletion.deleted) list.push_back(json::object{{"Deleted", id}});
  return list;
}

std::string progress_line(const ports::Progress& progress) {
  json::object line;
  line["status"] = progress.status;
  if (!progress.id.empty()) {
    json::object detail;
    if (progress.total > 0) detail = {{"current", progress.current}, {"total", progress.total}};
    line["progressDetail"] = std::move(detail);
    line["id"] = progress.id;
  }
  return line_of(line);
}

std::string stream_line(const std::string& text) {
  return line_of({{"stream", text}});
}

std::string error_line(const std::string& text) {
  return line_of({{"errorDetail", json::object{{"message", text}}}, {"error", text}});
}

}  // namespace fairlead::docker
