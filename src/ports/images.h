#pragma once
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/fd.h"
#include "ports/clock.h"
#include "ports/container_spec.h"

namespace fairlead::ports {

struct ImageHistory {
  Time created{};
  std::string created_by, comment;
  bool empty_layer = false;
  std::int64_t size = 0;  ///< bytes of its layer
};

/// An image as stored: its configuration (OCI image-spec config.json) and its layers, lowest first.
struct Image {
  std::string id;                    ///< `sha256:<64 hex>` of the configuration
  std::vector<std::string> tags;     ///< `busybox:latest`
  std::vector<std::string> digests;  ///< `busybox@sha256:…` for pulled ones
  std::string parent, comment, author, architecture, os, variant;
  Time created{};
  std::int64_t size = 0;  ///< bytes unpacked
  ProcessSpec process;    ///< what it runs by default
  std::string stop_signal;
  std::map<std::string, std::string> labels;
  std::vector<std::string> exposed_ports;  ///< `80/tcp`
  std::vector<std::string> volumes, on_build, shell;
  std::vector<std::string> layers;      ///< diff ids, `sha256:…`
  std::vector<std::string> layer_dirs;  ///< unpacked directories, same order, absolute
  std::vector<ImageHistory> history;    ///< oldest first
};

/// One line of progress in the client's own bars: `{status, id, progressDetail{current,total}}`.
struct Progress {
  std::string status, id;
  std::int64_t current = 0, total = 0;
};
using OnProgress = std::function<void(const Progress&)>;

struct ImportOptions {
  std::string repository, tag, message;
  std::vector<std::string>
      changes;  ///< Dockerfile words: CMD, ENTRYPOINT, ENV, EXPOSE, LABEL, USER, VOLUME, WORKDIR, STOPSIGNAL
  std::string platform;
};

struct ImageDeletion {
  std::vector<std::string> untagged, deleted;
  std::int64_t reclaimed = 0;  ///< bytes
};

/// The image library of one data-root. Blocking and thread-safe: called from worker threads.
/// A reference is `name[:tag]`, `name@sha256:…`, a full id, or a unique id prefix.
class Images {
 public:
  virtual ~Images() = default;
  virtual base::Result<Image> find(const std::string& reference) = 0;
  virtual std::vector<Image> list() = 0;
  /// Reads a tar of a root file system (any compression that libarchive knows) up to its end from `input`.
  virtual base::Result<Image> import(base::Fd input, const ImportOptions& options) = 0;
  /// Reads an archive of `docker save` or an OCI layout; gives one `Loaded image: …` line per image.
  virtual base::Result<std::vector<std::string>> load(base::Fd input, const OnProgress& progress) = 0;
  /// Writes a `docker save` archive of the references (with manifest.json) and closes `output`.
  virtual base::Result<void> save(const std::vector<std::string>& references, base::Fd output) = 0;
  virtual base::Result<void> tag(const std::string& reference, const std::string& repository,
                                 const std::string& tag) = 0;
  /// `in_use`: per image id a container that uses it: the id of a running one, or `stopped:` and the id where none
  /// runs. Refused
  /// (`conflict`) as Docker words it; with force, an image that a stopped container still needs loses its names only.
  virtual base::Result<ImageDeletion> remove(const std::string& reference, bool force,
                                             const std::map<std::string, std::string>& in_use) = 0;
  /// Removes images without tag (or, with `all`, without container).
  virtual base::Result<ImageDeletion> prune(bool all, const std::map<std::string, std::string>& in_use) = 0;
  /// Fetches by skopeo; `unavailable` with the remedy where it is not installed.
  virtual base::Result<Image> pull(const std::string& reference, const std::string& platform,
                                   const std::string& auth_json, const OnProgress& progress) = 0;
};

}  // namespace fairlead::ports
