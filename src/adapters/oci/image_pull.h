#pragma once
#include <string>
#include <vector>

#include "adapters/oci/image_catalog.h"
#include "base/error.h"
#include "ports/images.h"

namespace fairlead::oci {

struct PullRequest {
  std::string reference, platform, auth_json;
  std::vector<std::string> insecure_registries;
};

/// Fetches an image by skopeo and tells of it as dockerd does: `Pulling from …`, per layer `Pulling fs layer`,
/// `Downloading`, `Download complete`, `Pull complete`, then `Digest: …` and `Status: …`. Content is trusted by its
/// digests alone: the configuration's is the image's id, and each layer must have the diff id that the configuration
/// gives.
base::Result<ports::Image> pull_image(ImageCatalog& catalog, const PullRequest& request,
                                      const ports::OnProgress& progress);

}  // namespace fairlead::oci
