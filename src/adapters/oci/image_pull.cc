#include "adapters/oci/image_pull.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "adapters/oci/image_assemble.h"
#include "adapters/oci/image_convert.h"
#include "adapters/oci/image_skopeo.h"
#include "wire/image_config.h"
#include "wire/image_manifest.h"

namespace fairlead::oci {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t kMaxConfig = 8u << 20;

/// What the registry has under the reference, for one platform.
struct Remote {
  std::string digest;           ///< of what the name points at, an index maybe
  std::string manifest_digest;  ///< of the one image
  wire::ImageManifest manifest;
};

class Pull {
 public:
  Pull(ImageCatalog& catalog, const PullRequest& request, const ports::OnProgress& progress,
       wire::ImageReference reference, Platform platform)
      : catalog_(catalog),
        request_(request),
        progress_(progress),
        reference_(std::move(reference)),
        platform_(std::move(platform)) {}

  base::Result<ports::Image> run();

 private:
  void tell(ports::Progress line) const {
    if (progress_) progress_(line);
  }
  base::Result<SkopeoAccess> prepare(const fs::path& dir) const;
  base::Result<Remote> look_up(const SkopeoAccess& access) const;
  base::Result<ports::Image> fetch(const Remote& remote, const SkopeoAccess& access, const fs::path& dir);
  base::Result<ports::Image> finish(const ports::Image& image, const Remote& remote, bool newer) const;
  void watch(const Remote& remote, const fs::path& dir);
  base::Result<void> check_platform(const std::string& config_text) const;
  std::vector<std::string> names(const Remote& remote) const;

  ImageCatalog& catalog_;
  const PullRequest& request_;
  const ports::OnProgress& progress_;
  const wire::ImageReference reference_;
  const Platform platform_;
  std::set<std::string> arrived_;
  std::int64_t shown_ = 0;
};

/// Only the files of this pull: its credentials must not appear in the process list, nor outlive it.
base::Result<SkopeoAccess> Pull::prepare(const fs::path& dir) const {
  auto auth = auth_file_json(reference_.domain, request_.auth_json);
  if (!auth) return std::unexpected(auth.error());
  SkopeoAccess access{dir / "auth.json", dir, !is_insecure_registry(reference_.domain, request_.insecure_registries)};
  if (auto written = write_file(access.auth_file, *auth, dir); !written) return std::unexpected(written.error());
  return access;
}

base::Result<Remote> Pull::look_up(const SkopeoAccess& access) const {
  Remote out;
  auto text = skopeo_manifest(reference_, access);
  if (!text) return std::unexpected(text.error());
  out.digest = out.manifest_digest = sha256_digest(*text);
  auto manifest = wire::parse_image_manifest(*text);
  if (manifest && manifest->is_index) {
    const auto* chosen = wire::choose_platform(*manifest, platform_.os, platform_.architecture, platform_.variant);
    if (!chosen) {
      return base::fail(base::ErrorKind::not_found,
                        fmt::format("no matching manifest for {} in the manifest list entries", platform_.text()));
    }
    out.manifest_digest = chosen->digest;
    auto one = reference_;
    one.digest = chosen->digest;
    text = skopeo_manifest(one, access);
    if (!text) return std::unexpected(text.error());
    manifest = wire::parse_image_manifest(*text);
  }
  if (!manifest) return std::unexpected(manifest.error());
  if (manifest->is_index || sha256_digest(*text) != out.manifest_digest) {
    return base::fail(base::ErrorKind::internal, "the registry gave another manifest than it was asked for");
  }
  out.manifest = std::move(*manifest);
  return out;
}

std::vector<std::string> Pull::names(const Remote& remote) const {
  std::vector<std::string> out{reference_.familiar_name() + "@" + remote.digest};
  if (reference_.digest.empty()) out.push_back(reference_.familiar_tagged());
  return out;
}

/// Tells what has come since the last look. skopeo writes each blob under a name of its own and renames it when it is
/// whole; which of several unfinished files is which layer cannot be seen, so a bar moves only while a single one is
/// missing.
void Pull::watch(const Remote& remote, const fs::path& dir) {
  const wire::Descriptor* missing = nullptr;
  std::size_t count = 0;
  std::set<std::string> seen;
  for (const auto& layer : remote.manifest.layers) {
    if (arrived_.contains(layer.digest) || !seen.insert(layer.digest).second) continue;
    std::error_code wrong;
    if (fs::exists(dir / digest_hex(layer.digest), wrong)) {
      arrived_.insert(layer.digest);
      tell({"Download complete", short_digest(layer.digest)});
    } else {
      missing = &layer;
      ++count;
    }
  }
  if (count != 1) return;
  std::error_code wrong;
  std::int64_t size = 0;
  for (const auto& entry : fs::directory_iterator(dir, wrong)) {
    if (!entry.path().filename().string().starts_with("dir-put-blob")) continue;
    const auto bytes = entry.file_size(wrong);
    if (!wrong) size = std::max(size, static_cast<std::int64_t>(bytes));
  }
  if (size > shown_) tell({"Downloading", short_digest(missing->digest), std::min(size, missing->size), missing->size});
  shown_ = std::max(shown_, size);
}

base::Result<void> Pull::check_platform(const std::string& config_text) const {
  const auto config = wire::parse_image_config(config_text);
  if (!config) return std::unexpected(config.error());
  if (request_.platform.empty() || config->architecture.empty() || config->architecture == platform_.architecture)
    return {};
  return base::fail(
      base::ErrorKind::not_found,
      fmt::format("image with reference {} was found but does not match the specified platform: wanted {}, "
                  "actual: {}/{}",
                  reference_.familiar(), platform_.text(), config->os, config->architecture));
}

base::Result<ports::Image> Pull::fetch(const Remote& remote, const SkopeoAccess& access, const fs::path& dir) {
  for (const auto& layer : remote.manifest.layers) tell({"Pulling fs layer", short_digest(layer.digest)});
  const auto blobs = dir / "blobs";
  auto one = reference_;
  one.digest = remote.manifest_digest;
  auto copied = skopeo_copy(one, access, blobs, [&](std::string_view) { watch(remote, blobs); });
  if (!copied) return std::unexpected(copied.error());
  watch(remote, blobs);
  auto config = read_small_file(blobs / digest_hex(remote.manifest.config.digest), kMaxConfig);
  if (!config) return std::unexpected(config.error());
  if (sha256_digest(*config) != remote.manifest.config.digest) {
    return base::fail(base::ErrorKind::internal, "the registry gave another configuration than it was asked for");
  }
  if (auto fits = check_platform(*config); !fits) return std::unexpected(fits.error());
  ImageParts parts{std::move(*config), {}, names(remote)};
  for (const auto& layer : remote.manifest.layers) parts.layers.push_back(blobs / digest_hex(layer.digest));
  return assemble_image(catalog_, parts, [&](std::size_t at, const StoredLayer&) {
    tell({"Pull complete", short_digest(remote.manifest.layers[at].digest)});
  });
}

base::Result<ports::Image> Pull::finish(const ports::Image& image, const Remote& remote, bool newer) const {
  tell({"Digest: " + remote.digest, {}});
  const auto name = reference_.digest.empty() ? reference_.familiar_tagged() : reference_.familiar();
  tell({(newer ? "Status: Downloaded newer image for " : "Status: Image is up to date for ") + name, {}});
  return image;
}

base::Result<ports::Image> Pull::run() {
  auto temp = catalog_.make_temp();
  if (!temp) return std::unexpected(temp.error());
  auto access = prepare(temp->path());
  if (!access) return std::unexpected(access.error());
  auto remote = look_up(*access);
  if (!remote) return std::unexpected(remote.error());
  tell({"Pulling from " + reference_.path, reference_.digest.empty() ? reference_.tag : reference_.digest});
  const auto before = catalog_.index();
  const auto id = remote->manifest.config.digest;
  if (before->entry(id)) {
    const auto config = catalog_.config_text(id);
    if (!config) return std::unexpected(config.error());
    if (auto fits = check_platform(*config); !fits) return std::unexpected(fits.error());
    const auto wanted = names(*remote);
    const bool same = std::ranges::all_of(wanted, [&](const auto& name) { return before->id_of(name) == id; });
    auto named = catalog_.set_names(id, wanted);
    if (named) return finish(catalog_.index()->view(id), *remote, !same);
    if (named.error().kind != base::ErrorKind::not_found) return std::unexpected(named.error());
  }
  auto image = fetch(*remote, *access, temp->path());
  if (!image) return image;
  return finish(*image, *remote, true);
}

}  // namespace

base::Result<ports::Image> pull_image(ImageCatalog& catalog, const PullRequest& request,
                                      const ports::OnProgress& progress) {
  auto reference = wire::parse_image_reference(request.reference);
  if (!reference) return std::unexpected(reference.error());
  auto platform = parse_platform(request.platform);
  if (!platform) return std::unexpected(platform.error());
  return Pull(catalog, request, progress, reference->with_default_tag(), std::move(*platform)).run();
}

}  // namespace fairlead::oci
