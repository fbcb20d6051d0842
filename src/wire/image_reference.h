#pragma once
#include <string>
#include <string_view>

#include "base/error.h"

namespace fairlead::wire {

/// A parsed image name, `[domain/]path[:tag][@digest]`, with Docker Hub's short forms written out
/// (`busybox` is `docker.io/library/busybox`). Grammar: the distribution project's reference grammar.
struct ImageReference {
  std::string domain;  ///< `docker.io`, `localhost:5000`
  std::string path;    ///< `library/busybox`
  std::string tag;     ///< may be empty
  std::string digest;  ///< `sha256:…`, may be empty

  /// `docker.io/library/busybox`
  std::string full_name() const { return domain + "/" + path; }
  /// The name as people see it: `busybox`, `user/app`, `localhost:5000/app`.
  std::string familiar_name() const;
  /// `familiar_name` with `:tag` and `@digest` where there are any.
  std::string familiar() const;
  /// `familiar_name:tag`, the tag `latest` where none was given.
  std::string familiar_tagged() const;
  /// `latest` where neither tag nor digest was given.
  ImageReference with_default_tag() const;

  bool operator==(const ImageReference&) const = default;
};

/// Refuses (`invalid`) in Docker's words: `invalid reference format`, `… repository name (X) must be lowercase`, ….
base::Result<ImageReference> parse_image_reference(std::string_view text);

/// Whether `text` may stand as a tag: a word character, then at most 127 of `[A-Za-z0-9_.-]`.
bool is_image_tag(std::string_view text);

}  // namespace fairlead::wire
