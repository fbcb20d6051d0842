#pragma once
#include <map>
#include <string>
#include <vector>

#include "adapters/oci/image_index.h"
#include "base/error.h"

namespace fairlead::oci {

/// What a removal does to the library: the names that go and the images that go with them.
struct Removal {
  std::vector<std::string> untagged;  ///< `busybox:latest`
  std::vector<std::string> images;    ///< ids
};

/// Applies Docker's rules for `docker rmi` to `index` (a copy of the library's) and says what went. `in_use` as in
/// `ports::Images::remove`. An image that a container uses is never taken from under it: with force it loses its names
/// and stays. On an error (`conflict`, `not_found`, `invalid`) the copy is to be thrown away.
base::Result<Removal> plan_removal(ImageIndex& index, const std::string& reference, bool force,
                                   const std::map<std::string, std::string>& in_use);

/// The same for `docker image prune`: images without names or, with `all`, without a container.
Removal plan_prune(ImageIndex& index, bool all, const std::map<std::string, std::string>& in_use);

}  // namespace fairlead::oci
