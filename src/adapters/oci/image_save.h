#pragma once
#include <string>
#include <vector>

#include "adapters/oci/image_catalog.h"
#include "base/error.h"

namespace fairlead::oci {

/// Writes the images as one tar that is at once an OCI layout and a `docker save` archive, as Docker 25 and later write
/// it (older dockerd and skopeo read its manifest.json): every content once, below blobs/sha256/. A name without tag
/// stands for all tags of its repository, an id for the image without names. Everything is resolved before the first
/// byte is written. A reader that goes away is an error only where the process ignores SIGPIPE.
base::Result<void> save_images(ImageCatalog& catalog, const std::vector<std::string>& references, int fd);

}  // namespace fairlead::oci
