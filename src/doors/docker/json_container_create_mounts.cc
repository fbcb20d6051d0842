#include <fmt/format.h>

#include <set>

#include "doors/docker/json_container_create_parts.h"
#include "wire/docker_bind_spec.h"

namespace fairlead::docker {

using ports::MountRequest;

namespace {

std::string joined(const std::vector<std::string>& words) {
  return fmt::format("{}", fmt::join(words, ","));
}

MountRequest from_bind(wire::DockerBind bind) {
  MountRequest mount;
  mount.kind = bind.is_path() ? MountRequest::Kind::bind : MountRequest::Kind::volume;
  mount.create_source = bind.is_path();
  mount.source = std::move(bind.source);
  mount.target = std::move(bind.target);
  mount.read_only = bind.read_only;
  mount.no_copy = bind.no_copy;
  mount.options = joined(bind.options);
  return mount;
}

void refuse_mount(const Fields& entry, std::string_view type, std::string_view why) {
  refuse(entry, fmt::format("invalid mount config for type \"{}\": {}", type, why));
}

void read_bind_mount(const Fields& entry, MountRequest& mount) {
  if (mount.source.empty()) return refuse_mount(entry, "bind", "field Source must not be empty");
  if (mount.source[0] != '/') {
    return refuse_mount(entry, "bind",
                        fmt::format("invalid mount path: '{}' mount path must be absolute", mount.source));
  }
  if (entry.has("VolumeOptions")) return refuse_mount(entry, "bind", "field VolumeOptions must not be specified");
  mount.source = wire::clean_path(mount.source);
  const Fields options = entry.object("BindOptions");
  mount.create_source = options.flag("CreateMountpoint");
  std::vector<std::string> words;
  if (std::string propagation = options.text("Propagation"); !propagation.empty())
    words.push_back(std::move(propagation));
  if (options.flag("NonRecursive")) words.emplace_back("bind");
  if (options.flag("ReadOnlyForceRecursive")) lack(entry, "a bind mount that is read-only in all its submounts");
  mount.options = joined(words);
}

void read_volume_mount(const Fields& entry, MountRequest& mount) {
  if (entry.has("BindOptions")) return refuse_mount(entry, "volume", "field BindOptions must not be specified");
  if (mount.source.empty() && mount.read_only) {
    return refuse_mount(entry, "volume", "must not set ReadOnly mode when using anonymous volumes");
  }
  if (!mount.source.empty()) {
    if (const auto named = wire::check_volume_name(mount.source); !named) entry.complaints().add(named.error());
  }
  const Fields options = entry.object("VolumeOptions");
  mount.no_copy = options.flag("NoCopy");
  const Fields driver = options.object("DriverConfig");
  const std::string name = driver.text("Name");
  if (!name.empty() && name != "local")
    entry.complaints().add(base::ErrorKind::not_found, fmt::format("plugin \"{}\" not found", name));
  if (!driver.text_map("Options").empty()) lack(entry, "a volume with driver options");
  if (!options.text("Subpath").empty()) lack(entry, "a volume's subpath");
}

void read_tmpfs_mount(const Fields& entry, MountRequest& mount) {
  if (!mount.source.empty()) return refuse_mount(entry, "tmpfs", "field Source must not be specified");
  const Fields options = entry.object("TmpfsOptions");
  const std::int64_t size = options.number("SizeBytes"), mode = options.number("Mode");
  std::vector<std::string> words;
  if (size < 0) refuse_mount(entry, "tmpfs", "the size must not be negative");
  if (size > 0) words.push_back(fmt::format("size={}", size));
  if (mode < 0 || mode > 07777) refuse_mount(entry, "tmpfs", "the mode must be one of a directory");
  if (mode > 0) words.push_back(fmt::format("mode={:o}", mode));
  if (const boost::json::value* more = options.find("Options");
      more != nullptr && !(more->is_array() && more->get_array().empty())) {
    lack(entry, "a tmpfs mount with further options");
  }
  mount.options = joined(words);
}

void read_mount(const Fields& entry, ports::ContainerSpec& spec) {
  MountRequest mount;
  const std::string type = entry.text("Type");
  const auto target = wire::check_mount_target(entry.text("Target"), type);
  mount.source = entry.text("Source");
  mount.read_only = entry.flag("ReadOnly");
  if (type == "bind") {
    mount.kind = MountRequest::Kind::bind;
    read_bind_mount(entry, mount);
  } else if (type == "volume") {
    mount.kind = MountRequest::Kind::volume;
    read_volume_mount(entry, mount);
  } else if (type == "tmpfs") {
    mount.kind = MountRequest::Kind::tmpfs;
    read_tmpfs_mount(entry, mount);
  } else if (type == "image" || type == "cluster") {
    lack(entry, fmt::format("a mount of type \"{}\"", type));
  } else {
    refuse_mount(entry, type, "mount type unknown");
  }
  if (!target) return entry.complaints().add(target.error());
  mount.target = *target;
  spec.mounts.push_back(std::move(mount));
}

void check_duplicates(const Fields& host, const ports::ContainerSpec& spec) {
  std::set<std::string> targets;
  for (const MountRequest& mount : spec.mounts) {
    if (!targets.insert(mount.target).second) refuse(host, "Duplicate mount point: " + mount.target);
  }
}

void read_volumes_from(const Fields& host, ports::ContainerSpec& spec) {
  spec.volumes_from = host.texts("VolumesFrom");
  for (const std::string& entry : spec.volumes_from) {
    const auto colon = entry.find(':');
    if (colon == 0 || entry.empty()) refuse(host, "malformed volumes-from specification: " + entry);
    if (colon == std::string::npos) continue;
    const std::string_view mode = std::string_view(entry).substr(colon + 1);
    if (mode != "ro" && mode != "rw" && mode != "z" && mode != "Z") refuse(host, fmt::format("invalid mode: {}", mode));
  }
}

}  // namespace

void read_mounts(const Fields& config, const Fields& host, ports::ContainerSpec& spec) {
  spec.binds = host.texts("Binds");
  for (const std::string& text : spec.binds) {
    auto bind = wire::parse_docker_bind(text);
    if (!bind) return host.complaints().add(bind.error());
    spec.mounts.push_back(from_bind(std::move(*bind)));
  }
  for (const Fields& entry : host.objects("Mounts")) read_mount(entry, spec);
  spec.tmpfs = host.text_map("Tmpfs");
  for (const auto& [path, options] : spec.tmpfs) {
    const auto target = wire::check_mount_target(path, "tmpfs");
    if (!target) return host.complaints().add(target.error());
    spec.mounts.push_back({.kind = MountRequest::Kind::tmpfs, .source = "", .target = *target, .options = options});
  }
  check_duplicates(host, spec);
  for (const std::string& path : config.names("Volumes")) {
    const auto target = wire::check_mount_target(path, "volume");
    if (!target) return config.complaints().add(target.error());
    spec.anonymous_volumes.push_back(*target);
  }
  read_volumes_from(host, spec);
  spec.volume_driver = host.text("VolumeDriver");
  if (!spec.volume_driver.empty() && spec.volume_driver != "local") {
    host.complaints().add(base::ErrorKind::not_found, fmt::format("plugin \"{}\" not found", spec.volume_driver));
  }
}

}  // namespace fairlead::docker
