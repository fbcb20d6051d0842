#include <fmt/format.h>

#include <filesystem>
#include <set>

#include "adapters/oci/bundle.h"
#include "adapters/oci/volumes.h"

namespace fairlead::oci {
namespace {

using base::ErrorKind;
namespace fs = std::filesystem;

/// Of the words after the second colon of `-v`, those that the runtime must see; the others (`z`, `cached`, …) say how
/// the source is to be treated.
std::vector<std::string> bind_options(const ports::MountRequest& mount) {
  static const std::set<std::string, std::less<>> kPropagation = {"private", "rprivate", "shared",
                                                                  "rshared", "slave",    "rslave"};
  std::vector<std::string> options;
  std::string word;
  for (const char c : mount.options + ",") {
    if (c != ',') {
      word += c;
      continue;
    }
    if (kPropagation.contains(word)) options.push_back(word);
    word.clear();
  }
  if (options.empty()) options.emplace_back("rprivate");
  options.emplace_back(mount.read_only ? "ro" : "rw");
  return options;
}

base::Result<std::string> bind_source(const ports::MountRequest& mount) {
  std::error_code error;
  if (fs::exists(mount.source, error)) return mount.source;
  if (!mount.create_source)
    return base::fail(
        ErrorKind::invalid,
        fmt::format("invalid mount config for type \"bind\": bind source path does not exist: {}", mount.source));
  fs::create_directories(mount.source, error);
  if (error)
    return base::fail_errno(error.value(), fmt::format("error while creating mount source path '{}'", mount.source));
  return mount.source;
}

base::Result<std::string> volume_source(const Roots& roots, const ports::MountRequest& mount, int root) {
  if (mount.source.empty() || mount.source.contains('/') || mount.source.starts_with('.'))
    return base::fail(ErrorKind::internal, fmt::format("the volume for {} has no name", mount.target));
  const auto data = roots.volumes() / mount.source / "_data";
  std::error_code error;
  if (!fs::is_directory(data, error))
    return base::fail(ErrorKind::not_found, fmt::format("get {}: no such volume", mount.source));
  if (!mount.no_copy && !mount.options.contains("nocopy"))
    if (auto copied = copy_image_content(root, mount.target, data); !copied) return std::unexpected(copied.error());
  return data.string();
}

}  // namespace

base::Result<std::vector<BindMount>> gather_binds(const Roots& roots, const ports::Launch& launch, int root) {
  std::vector<BindMount> binds;
  const auto owner = launch.files_of.value_or(launch.id);
  for (const auto* name : {kResolvConf, kHostname, kHosts})
    binds.push_back({generated_file(roots, owner, name).string(), fmt::format("/etc/{}", name), {"rprivate"}});
  for (const auto& mount : launch.spec.mounts) {
    if (mount.kind == ports::MountRequest::Kind::tmpfs) continue;
    const bool volume = mount.kind == ports::MountRequest::Kind::volume;
    auto source = volume ? volume_source(roots, mount, root) : bind_source(mount);
    if (!source) return std::unexpected(source.error());
    binds.push_back({std::move(*source), mount.target, bind_options(mount)});
  }
  return binds;
}

}  // namespace fairlead::oci
