#pragma once
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "adapters/oci/image_files.h"
#include "adapters/oci/image_index.h"
#include "adapters/oci/image_layers.h"
#include "adapters/oci/image_removal.h"
#include "base/error.h"
#include "base/fd.h"

namespace fairlead::oci {

/// The image library on disk and in memory:
///
///     images/lock               held while open
///     images/configs/<64 hex>   configurations as they came; an image exists when its configuration does
///     images/names.json         what the names point at
///     images/layers/            see LayerStore
///     images/tmp/               work in progress, emptied at open
///
/// A new image is written bottom-up (layers, configuration, names), a removed one top-down, each step a rename or an
/// unlink, so that a kill at any point leaves whole images and at most something that nothing needs, which the next
/// open removes.
class ImageCatalog {
 public:
  /// `conflict` where another process has the library open.
  static base::Result<std::unique_ptr<ImageCatalog>> open(const std::filesystem::path& root,
                                                          const UnpackLimits& limits);

  /// What is there now; never changes afterwards.
  std::shared_ptr<const ImageIndex> index() const;
  LayerStore& layers() { return layers_; }
  const UnpackLimits& limits() const { return limits_; }
  /// The configuration's own bytes.
  base::Result<std::string> config_text(const std::string& id) const;
  base::Result<TempDir> make_temp() const { return TempDir::make(root_ / "tmp"); }

  /// Adds an image, or only the names where it is there already. `layers` are those of the configuration, in order.
  base::Result<ports::Image> add(const std::string& config_text, std::vector<LayerHold> layers,
                                 const std::vector<std::string>& names);
  base::Result<void> set_names(const std::string& id, const std::vector<std::string>& names);
  /// Runs `plan` on a copy of the index and makes what it decided true.
  base::Result<ports::ImageDeletion> remove(const std::function<base::Result<Removal>(ImageIndex&)>& plan);

 private:
  ImageCatalog(std::filesystem::path root, const UnpackLimits& limits, base::Fd lock);
  void read_images();
  base::Result<void> read_image(const std::filesystem::path& file, ImageIndex& index);
  base::Result<void> publish(ImageIndex next);
  std::filesystem::path config_path(const std::string& id) const;

  const std::filesystem::path root_;
  const UnpackLimits limits_;
  const base::Fd lock_;
  LayerStore layers_;
  std::mutex writing_;          ///< one change at a time
  mutable std::mutex reading_;  ///< held only to copy or swap the pointer
  std::shared_ptr<const ImageIndex> index_ = std::make_shared<ImageIndex>();
};

}  // namespace fairlead::oci
