#include "adapters/oci/image_catalog.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <set>

#include "adapters/oci/image_convert.h"
#include "base/log.h"

namespace fairlead::oci {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t kMaxConfig = 8u << 20;
constexpr std::size_t kMaxNames = 8u << 20;

/// The identity of the layers up to each one, as Docker names what a removal deletes (OCI image-spec, "Layer ChainID").
std::vector<std::string> chain_ids(const std::vector<std::string>& diff_ids) {
  std::vector<std::string> out;
  for (const auto& id : diff_ids) out.push_back(out.empty() ? id : sha256_digest(out.back() + " " + id));
  return out;
}

}  // namespace

ImageCatalog::ImageCatalog(fs::path root, const UnpackLimits& limits, base::Fd lock)
    : root_(std::move(root)), limits_(limits), lock_(std::move(lock)), layers_(root_, limits) {}

base::Result<std::unique_ptr<ImageCatalog>> ImageCatalog::open(const fs::path& root, const UnpackLimits& limits) {
  if (auto made = make_private_dir(root); !made) return std::unexpected(made.error());
  base::Fd lock(::open((root / "lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!lock) return base::fail_errno(errno, "open " + (root / "lock").string());
  if (::flock(lock.get(), LOCK_EX | LOCK_NB) != 0) {
    return base::fail(base::ErrorKind::conflict, fmt::format("another daemon uses {}", root.string()));
  }
  remove_tree(root / "tmp");
  for (const auto* name : {"tmp", "layers", "configs"}) {
    if (auto made = make_private_dir(root / name); !made) return std::unexpected(made.error());
  }
  std::unique_ptr<ImageCatalog> out(new ImageCatalog(root, limits, std::move(lock)));
  out->read_images();
  return out;
}

fs::path ImageCatalog::config_path(const std::string& id) const {
  return root_ / "configs" / digest_hex(id);
}

void ImageCatalog::read_images() {
  auto next = std::make_shared<ImageIndex>();
  std::error_code wrong;
  for (const auto& entry : fs::directory_iterator(root_ / "configs", wrong)) {
    if (auto read = read_image(entry.path(), *next); !read) {
      base::log(base::LogLevel::warn, "image {} is dropped: {}", entry.path().filename().string(), read.error().text);
      remove_tree(entry.path());
    }
  }
  auto names = read_small_file(root_ / "names.json", kMaxNames);
  if (names) {
    if (auto read = next->read_names(*names); !read) base::log(base::LogLevel::warn, "{}", read.error().text);
  }
  layers_.remove_unused();
  index_ = std::move(next);
}

base::Result<void> ImageCatalog::read_image(const fs::path& file, ImageIndex& index) {
  auto text = read_small_file(file, kMaxConfig);
  if (!text) return std::unexpected(text.error());
  const auto id = sha256_digest(*text);
  if (digest_hex(id) != file.filename()) return base::fail(base::ErrorKind::invalid, "its configuration is damaged");
  auto config = wire::parse_image_config(*text);
  if (!config) return std::unexpected(config.error());
  std::vector<StoredLayer> layers;
  std::vector<LayerHold> holds;
  std::set<std::string> seen;
  for (const auto& diff_id : config->diff_ids) {
    auto hold = layers_.hold(diff_id);
    if (!hold) return std::unexpected(hold.error());
    layers.push_back(hold->layer());
    if (seen.insert(diff_id).second) holds.push_back(std::move(*hold));
  }
  index.add(make_image(id, *config, layers, layers_));
  for (auto& hold : holds) hold.keep();
  return {};
}

std::shared_ptr<const ImageIndex> ImageCatalog::index() const {
  const std::lock_guard lock(reading_);
  return index_;
}

base::Result<std::string> ImageCatalog::config_text(const std::string& id) const {
  return read_small_file(config_path(id), kMaxConfig);
}

/// Writes the names where they changed, then lets readers see `next`. The caller holds `writing_`.
base::Result<void> ImageCatalog::publish(ImageIndex next) {
  const auto names = next.names_json();
  if (names != index()->names_json()) {
    if (auto written = write_file_atomically(root_ / "names.json", names, root_ / "tmp"); !written) return written;
  }
  auto fresh = std::make_shared<const ImageIndex>(std::move(next));
  const std::lock_guard lock(reading_);
  index_.swap(fresh);
  return {};
}

base::Result<ports::Image> ImageCatalog::add(const std::string& config_text, std::vector<LayerHold> layers,
                                             const std::vector<std::string>& names) {
  auto config = wire::parse_image_config(config_text);
  if (!config) return std::unexpected(config.error());
  if (config->diff_ids.size() != layers.size()) {
    return base::fail(base::ErrorKind::invalid, "the image has not as many layers as its configuration says");
  }
  const auto id = sha256_digest(config_text);
  const std::lock_guard lock(writing_);
  auto next = *index();
  const bool fresh = !next.entry(id);
  if (fresh) {
    std::vector<StoredLayer> stored;
    for (const auto& hold : layers) stored.push_back(hold.layer());
    next.add(make_image(id, *config, stored, layers_));
    if (auto written = write_file(config_path(id), config_text, root_ / "tmp"); !written)
      return std::unexpected(written.error());
  }
  for (const auto& name : names) next.set_name(name, id);
  const auto out = next.view(id);
  if (auto published = publish(std::move(next)); !published) {
    if (fresh) ::unlink(config_path(id).c_str());
    return std::unexpected(published.error());
  }
  std::set<std::string> kept;
  for (auto& hold : layers) {
    if (fresh && kept.insert(hold.layer().diff_id).second) hold.keep();
  }
  return out;
}

base::Result<void> ImageCatalog::set_names(const std::string& id, const std::vector<std::string>& names) {
  const std::lock_guard lock(writing_);
  auto next = *index();
  if (!next.entry(id)) return base::fail(base::ErrorKind::not_found, "No such image: " + id);
  for (const auto& name : names) next.set_name(name, id);
  return publish(std::move(next));
}

base::Result<ports::ImageDeletion> ImageCatalog::remove(const std::function<base::Result<Removal>(ImageIndex&)>& plan) {
  const std::lock_guard lock(writing_);
  const auto before = index();
  auto next = *before;
  auto removal = plan(next);
  if (!removal) return std::unexpected(removal.error());
  if (auto published = publish(std::move(next)); !published) return std::unexpected(published.error());
  ports::ImageDeletion out;
  out.untagged = std::move(removal->untagged);
  for (const auto& id : removal->images) {
    ::unlink(config_path(id).c_str());
    out.deleted.push_back(id);
    const auto& diff_ids = before->entry(id)->image->layers;
    const auto chains = chain_ids(diff_ids);
    std::set<std::string> released;
    for (auto at = diff_ids.size(); at-- > 0;) {
      if (!released.insert(diff_ids[at]).second) continue;
      const auto freed = layers_.release(diff_ids[at]);
      out.reclaimed += freed.value_or(0);
      if (freed) out.deleted.push_back(chains[at]);
    }
  }
  return out;
}

}  // namespace fairlead::oci
