#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace fairlead::wire {

/// One step of an image's history; `created` is RFC 3339 text as found.
struct ImageStep {
  std::string created, created_by, author, comment;
  bool empty_layer = false;
  bool operator==(const ImageStep&) const = default;
};

/// What an image runs by default: the `config` object of an image configuration.
struct ImageRunConfig {
  std::string user, working_dir, stop_signal;
  std::vector<std::string> env;
  std::optional<std::vector<std::string>> entrypoint, cmd;
  std::vector<std::string> exposed_ports, volumes, on_build, shell;
  std::map<std::string, std::string> labels;
  bool tty = false, open_stdin = false, stdin_once = false;
  bool operator==(const ImageRunConfig&) const = default;
};

/// An image configuration: OCI image-spec `config.md` and Docker's image JSON, of which it is a subset.
struct ImageConfig {
  std::string architecture, os, variant, author, created, comment, parent;
  ImageRunConfig run;
  std::vector<std::string> diff_ids;  ///< `sha256:<64 hex>`, lowest layer first
  std::vector<ImageStep> history;     ///< oldest first
  bool operator==(const ImageConfig&) const = default;
};

/// Strict about the types of the members it knows, ignores the others. Errors are `invalid`: bad JSON, a wrong type,
/// no `rootfs.diff_ids`, a layer digest that is not sha256.
base::Result<ImageConfig> parse_image_config(std::string_view json);

/// The configuration as JSON text; its sha256 is the image's id, so the text is stable for equal values.
std::string image_config_json(const ImageConfig& config);

}  // namespace fairlead::wire
