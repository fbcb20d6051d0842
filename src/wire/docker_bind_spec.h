#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace fairlead::wire {

/// What `-v` says: `source:target[:options]`, or a target alone (an anonymous volume).
struct DockerBind {
  std::string source;  ///< an absolute path of the host, a volume's name, or empty: an anonymous volume
  std::string target;  ///< absolute path inside, cleaned
  bool read_only = false, no_copy = false;
  std::vector<std::string> options;  ///< the remaining ones: `z`, `rshared`, …
  bool is_path() const { return source.starts_with('/'); }
  bool operator==(const DockerBind&) const = default;
};

/// Parses an entry of HostConfig.Binds. Refuses (`invalid`) in Docker's words.
base::Result<DockerBind> parse_docker_bind(std::string_view text);

/// `[a-zA-Z0-9][a-zA-Z0-9_.-]+`: what Docker lets a volume (or container) be called.
bool is_docker_name(std::string_view name);

/// Docker's refusal of a volume's name, or nothing.
base::Result<void> check_volume_name(std::string_view name);

/// A path without doubled slashes, `.` and `..`, as Go's path.Clean gives it; absolute paths only.
std::string clean_path(std::string_view path);

/// An absolute target inside a container that is not its root; `type` is the mount's type in the error's words.
base::Result<std::string> check_mount_target(std::string_view target, std::string_view type);

}  // namespace fairlead::wire
