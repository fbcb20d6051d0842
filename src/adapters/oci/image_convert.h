#pragma once
#include <memory>
#include <string>
#include <vector>

#include "adapters/oci/image_layers.h"
#include "ports/images.h"
#include "wire/image_config.h"

namespace fairlead::oci {

/// The library's view of a parsed configuration. `layers` are those of its diff ids, in order; `store` says where they
/// lie.
std::shared_ptr<const ports::Image> make_image(const std::string& id, const wire::ImageConfig& config,
                                               const std::vector<StoredLayer>& layers, const LayerStore& store);

/// An operating system, architecture and variant as images name them (`linux`, `amd64`, ``).
struct Platform {
  std::string os, architecture, variant;
  /// `linux/arm64/v8`
  std::string text() const;
};

/// This machine's.
Platform host_platform();
/// `linux/arm64/v8`, `linux/amd64` or `arm64`; empty is this machine's. `invalid` for an operating system other than
/// linux.
base::Result<Platform> parse_platform(const std::string& text);

}  // namespace fairlead::oci
