#pragma once
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "ports/images.h"
#include "wire/image_reference.h"

namespace fairlead::oci {

/// Which images there are and what names point at them: the library's whole knowledge in memory. A plain value, copied
/// for every change, so that readers never wait for a writer.
class ImageIndex {
 public:
  struct Entry {
    std::shared_ptr<const ports::Image> image;  ///< without names
    std::set<std::string> tags, digests;
  };
  /// What a reference led to.
  struct Found {
    std::string id;
    bool by_id = false;  ///< the reference was an id or the beginning of one, not a name
  };

  /// As Docker resolves: a full id, then a name (tag `latest` by default), then a unique beginning of an id.
  /// Errors: `invalid` (`invalid reference format`), `not_found` (`No such image: busybox:latest`).
  base::Result<Found> resolve(const std::string& reference) const;

  const Entry* entry(const std::string& id) const;
  const std::map<std::string, Entry>& entries() const { return entries_; }
  /// The image with its names.
  ports::Image view(const std::string& id) const;
  /// The id that a name (`busybox:latest`, `busybox@sha256:…`) stands for; empty where there is none.
  std::string id_of(const std::string& name) const;

  void add(std::shared_ptr<const ports::Image> image);
  /// Points a name at an image, away from any other. The name is `NAME:TAG` or `NAME@DIGEST`.
  void set_name(const std::string& name, const std::string& id);
  void drop_name(const std::string& name);
  /// Removes an image and its names.
  void drop(const std::string& id);

  /// All names as one JSON object, `{"busybox:latest":"sha256:…"}`.
  std::string names_json() const;
  /// Sets the names of such an object whose images are there; others are passed over. `invalid` for other JSON.
  base::Result<void> read_names(std::string_view json);

 private:
  std::map<std::string, Entry> entries_;
  std::map<std::string, std::string> names_;
};

/// `No such image: busybox:latest`.
std::unexpected<base::Error> no_such_image(const std::string& reference);

}  // namespace fairlead::oci
