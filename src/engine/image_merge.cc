#include "engine/image_merge.h"

#include <algorithm>
#include <set>

namespace fairlead::engine {
namespace {

bool is_empty(const std::optional<std::vector<std::string>>& words) {
  return !words || words->empty();
}

void merge_command(ports::ProcessSpec& own, const ports::ProcessSpec& image) {
  if (is_empty(own.entrypoint)) {
    if (is_empty(own.cmd)) own.cmd = image.cmd;
    if (!own.entrypoint) own.entrypoint = image.entrypoint;
  }
  if (own.entrypoint && own.entrypoint->size() == 1 && own.entrypoint->front().empty()) own.entrypoint.reset();
}

std::string_view variable(std::string_view assignment) {
  return assignment.substr(0, assignment.find('='));
}

void merge_env(std::vector<std::string>& own, const std::vector<std::string>& image) {
  for (const auto& given : image) {
    const bool has = std::ranges::any_of(own, [&](const auto& e) { return variable(e) == variable(given); });
    if (!has) own.push_back(given);
  }
}

void add_missing(std::vector<std::string>& own, const std::vector<std::string>& image) {
  std::set<std::string> known(own.begin(), own.end());
  for (const auto& given : image) {
    if (known.insert(given).second) own.push_back(given);
  }
}

}  // namespace

ports::ContainerSpec merge_image(ports::ContainerSpec spec, const ports::Image& image) {
  if (spec.process.user.empty()) spec.process.user = image.process.user;
  if (spec.process.working_dir.empty()) spec.process.working_dir = image.process.working_dir;
  if (spec.stop_signal.empty()) spec.stop_signal = image.stop_signal;
  if (spec.stop_signal.empty()) spec.stop_signal = "SIGTERM";
  merge_command(spec.process, image.process);
  merge_env(spec.process.env, image.process.env);
  spec.labels.insert(image.labels.begin(), image.labels.end());
  add_missing(spec.exposed_ports, image.exposed_ports);
  add_missing(spec.anonymous_volumes, image.volumes);
  return spec;
}

}  // namespace fairlead::engine
