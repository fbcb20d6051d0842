#include "adapters/oci/image_library.h"

#include "adapters/oci/image_catalog.h"
#include "adapters/oci/image_import.h"
#include "adapters/oci/image_load.h"
#include "adapters/oci/image_pull.h"
#include "adapters/oci/image_save.h"

namespace fairlead::oci {

namespace {

class ImageLibrary : public ports::Images {
 public:
  ImageLibrary(std::unique_ptr<ImageCatalog> catalog, ports::Clock& clock, ImageOptions options)
      : catalog_(std::move(catalog)), clock_(clock), options_(std::move(options)) {}

  base::Result<ports::Image> find(const std::string& reference) override {
    const auto index = catalog_->index();
    auto found = index->resolve(reference);
    if (!found) return std::unexpected(found.error());
    return index->view(found->id);
  }

  std::vector<ports::Image> list() override {
    const auto index = catalog_->index();
    std::vector<ports::Image> out;
    out.reserve(index->entries().size());
    for (const auto& [id, entry] : index->entries()) out.push_back(index->view(id));
    return out;
  }

  base::Result<ports::Image> import(base::Fd input, const ports::ImportOptions& options) override {
    return import_image(*catalog_, input.get(), options, clock_.now());
  }

  base::Result<std::vector<std::string>> load(base::Fd input, const ports::OnProgress& progress) override {
    return load_images(*catalog_, input.get(), progress);
  }

  base::Result<void> save(const std::vector<std::string>& references, base::Fd output) override {
    return save_images(*catalog_, references, output.get());
  }

  base::Result<void> tag(const std::string& reference, const std::string& repository, const std::string& tag) override {
    auto found = catalog_->index()->resolve(reference);
    if (!found) return std::unexpected(found.error());
    auto name = tag_name(repository, tag);
    if (!name) return std::unexpected(name.error());
    return catalog_->set_names(found->id, {*name});
  }

  base::Result<ports::ImageDeletion> remove(const std::string& reference, bool force,
                                            const std::map<std::string, std::string>& in_use) override {
    return catalog_->remove([&](ImageIndex& index) { return plan_removal(index, reference, force, in_use); });
  }

  base::Result<ports::ImageDeletion> prune(bool all, const std::map<std::string, std::string>& in_use) override {
    return catalog_->remove([&](ImageIndex& index) -> base::Result<Removal> { return plan_prune(index, all, in_use); });
  }

  base::Result<ports::Image> pull(const std::string& reference, const std::string& platform,
                                  const std::string& auth_json, const ports::OnProgress& progress) override {
    return pull_image(*catalog_, {reference, platform, auth_json, options_.insecure_registries}, progress);
  }

 private:
  const std::unique_ptr<ImageCatalog> catalog_;
  ports::Clock& clock_;
  const ImageOptions options_;
};

}  // namespace

base::Result<std::unique_ptr<ports::Images>> open_images(const std::filesystem::path& data_root, ports::Clock& clock,
                                                         ImageOptions options) {
  auto catalog = ImageCatalog::open(data_root / "images", options.limits);
  if (!catalog) return std::unexpected(catalog.error());
  return std::make_unique<ImageLibrary>(std::move(*catalog), clock, std::move(options));
}

}  // namespace fairlead::oci
