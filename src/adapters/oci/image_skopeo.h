#pragma once
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "wire/image_reference.h"

namespace fairlead::oci {

/// How to reach the registry of one reference.
struct SkopeoAccess {
  std::filesystem::path auth_file;  ///< the only credentials that skopeo sees
  std::filesystem::path temp_dir;   ///< for its own big files
  bool verify_tls = true;
};

/// Called for each line that skopeo writes while it works, and about five times a second with an empty line.
using OnSkopeoLine = std::function<void(std::string_view line)>;

/// The bytes of the manifest or index that `reference` (`docker.io/library/busybox:latest`) has at its registry.
/// Errors: `unavailable` where skopeo is not installed; else as the registry answers, in Docker's words: `not_found`
/// for an image that is not there or may not be seen, `internal` for a registry that cannot be reached.
base::Result<std::string> skopeo_manifest(const wire::ImageReference& reference, const SkopeoAccess& access);

/// Copies one image into the directory `target`, every blob as it is under its hex digest (skopeo's `dir:` transport).
base::Result<void> skopeo_copy(const wire::ImageReference& reference, const SkopeoAccess& access,
                               const std::filesystem::path& target, const OnSkopeoLine& on_line);

/// Whether TLS certificates of this registry need not be checked: loopback, or listed (`host`, `host:port`, a subnet).
bool is_insecure_registry(std::string_view domain, const std::vector<std::string>& listed);

/// A containers-auth.json(5) out of the API's `{"username","password","identitytoken",…}`; without credentials it is
/// empty, so that skopeo does not use those of the daemon's own user. `invalid` for other JSON.
base::Result<std::string> auth_file_json(std::string_view domain, std::string_view auth_json);

/// What skopeo's last error line means, in Docker's words.
base::Error skopeo_error(const wire::ImageReference& reference, std::string_view output);

}  // namespace fairlead::oci
