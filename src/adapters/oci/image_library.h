#pragma once
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "adapters/oci/image_stream.h"
#include "base/error.h"
#include "ports/clock.h"
#include "ports/images.h"

namespace fairlead::oci {

struct ImageOptions {
  std::vector<std::string> insecure_registries;  ///< `host`, `host:port` or a subnet; loopback always is
  UnpackLimits limits;
};

/// Opens (or makes) the image library below `data_root`/images. What a killed process left half done is removed.
/// Errors: `conflict` where another daemon uses it, `internal` where the directory cannot be used.
base::Result<std::unique_ptr<ports::Images>> open_images(const std::filesystem::path& data_root, ports::Clock& clock,
                                                         ImageOptions options = {});

}  // namespace fairlead::oci
