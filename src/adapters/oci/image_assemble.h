#pragma once
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "adapters/oci/image_catalog.h"
#include "base/error.h"

namespace fairlead::oci {

/// An image as it came in: its configuration and the files that hold its layers (compressed or not), lowest first.
struct ImageParts {
  std::string config_text;
  std::vector<std::filesystem::path> layers;
  std::vector<std::string> names;  ///< `busybox:latest`, `busybox@sha256:…`
};

/// Told of each layer when it is in the library: its number, its bytes as a tar.
using OnLayer = std::function<void(std::size_t index, const StoredLayer& layer)>;

/// Puts an image into the library. Every layer must have the diff id that the configuration gives; one that is there
/// already is not unpacked again. On an error nothing of the image stays.
base::Result<ports::Image> assemble_image(ImageCatalog& catalog, const ImageParts& parts, const OnLayer& on_layer);

}  // namespace fairlead::oci
