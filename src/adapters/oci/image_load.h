#pragma once
#include <string>
#include <vector>

#include "adapters/oci/image_catalog.h"
#include "base/error.h"
#include "ports/images.h"

namespace fairlead::oci {

/// Loads every image of a `docker save` archive (manifest.json) or, where that is missing, of an OCI layout
/// (index.json). Gives Docker's lines: `Loaded image: busybox:latest`, `Loaded image ID: sha256:…`. Images before a bad
/// one stay loaded.
base::Result<std::vector<std::string>> load_images(ImageCatalog& catalog, int fd, const ports::OnProgress& progress);

}  // namespace fairlead::oci
