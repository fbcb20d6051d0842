#include "doors/docker/json_mounts.h"

#include <algorithm>
#include <set>

#include "wire/docker_bind_spec.h"

namespace fairlead::docker {
namespace json = boost::json;
using ports::MountRequest;

namespace {

std::string_view type_of(const MountRequest& mount) {
  switch (mount.kind) {
    case MountRequest::Kind::bind:
      return "bind";
    case MountRequest::Kind::volume:
      return "volume";
    case MountRequest::Kind::tmpfs:
      return "tmpfs";
  }
  return "bind";
}

bool holds(std::string_view options, std::string_view word) {
  while (!options.empty()) {
    const auto comma = options.find(',');
    if (options.substr(0, comma) == word) return true;
    if (comma == std::string_view::npos) return false;
    options.remove_prefix(comma + 1);
  }
  return false;
}

std::string propagation_of(const MountRequest& mount) {
  if (mount.kind != MountRequest::Kind::bind) return {};
  for (const char* word : {"private", "shared", "rshared", "slave", "rslave"}) {
    if (holds(mount.options, word)) return word;
  }
  return "rprivate";
}

json::object mount_point(const MountRequest& mount, const VolumePath& volume_path) {
  const bool volume = mount.kind == MountRequest::Kind::volume;
  json::object point;
  point["Type"] = type_of(mount);
  if (volume) point["Name"] = mount.source;
  point["Source"] = volume ? volume_path(mount.source) : mount.source;
  point["Destination"] = mount.target;
  if (volume) point["Driver"] = "local";
  point["Mode"] = mount.read_only && mount.kind != MountRequest::Kind::tmpfs ? "ro" : mount.options;
  point["RW"] = !mount.read_only;
  point["Propagation"] = propagation_of(mount);
  return point;
}

/// Targets that came by another way than --mount.
std::set<std::string> other_targets(const engine::State& state, const engine::Container& container) {
  std::set<std::string> targets(container.spec.anonymous_volumes.begin(), container.spec.anonymous_volumes.end());
  for (const std::string& text : container.spec.binds) {
    if (const auto bind = wire::parse_docker_bind(text)) targets.insert(bind->target);
  }
  for (const auto& [path, options] : container.spec.tmpfs) targets.insert(wire::clean_path(path));
  for (const std::string& from : container.spec.volumes_from) {
    const auto source = state.find_container(from.substr(0, from.find(':')));
    if (!source) continue;
    for (const MountRequest& mount : (*source)->spec.mounts) targets.insert(mount.target);
  }
  return targets;
}

json::object asked_mount(const MountRequest& mount) {
  json::object entry;
  entry["Type"] = type_of(mount);
  if (!mount.source.empty()) entry["Source"] = mount.source;
  entry["Target"] = mount.target;
  if (mount.read_only) entry["ReadOnly"] = true;
  if (mount.kind == MountRequest::Kind::volume && mount.no_copy) entry["VolumeOptions"] = {{"NoCopy", true}};
  if (mount.kind == MountRequest::Kind::bind && !mount.options.empty()) {
    entry["BindOptions"] = json::object{{"Propagation", propagation_of(mount)}};
  }
  return entry;
}

}  // namespace

json::array mount_points(const engine::Container& container, const VolumePath& volume_path) {
  json::array points;
  for (const MountRequest& mount : container.spec.mounts) {
    // What --tmpfs made stands in HostConfig.Tmpfs alone.
    if (mount.kind == MountRequest::Kind::tmpfs && container.spec.tmpfs.contains(mount.target)) continue;
    points.push_back(mount_point(mount, volume_path));
  }
  return points;
}

json::value asked_mounts(const engine::State& state, const engine::Container& container) {
  const auto others = other_targets(state, container);
  json::array asked;
  for (const MountRequest& mount : container.spec.mounts) {
    if (!others.contains(mount.target)) asked.push_back(asked_mount(mount));
  }
  if (asked.empty()) return nullptr;
  return asked;
}

}  // namespace fairlead::docker
