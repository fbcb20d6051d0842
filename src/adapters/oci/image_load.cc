#include "adapters/oci/image_load.h"

#include "adapters/oci/image_assemble.h"
#include "adapters/oci/image_convert.h"
#include "adapters/oci/image_spool.h"
#include "wire/image_manifest.h"
#include "wire/image_reference.h"

namespace fairlead::oci {

namespace {

constexpr int kMaxNesting = 4;

/// The names an archive gives, as the library keeps them; a name that is none is refused.
base::Result<std::vector<std::string>> tidy_names(const std::vector<std::string>& names) {
  std::vector<std::string> out;
  for (const auto& name : names) {
    auto parsed = wire::parse_image_reference(name);
    if (!parsed) return std::unexpected(parsed.error());
    out.push_back(parsed->familiar_tagged());
  }
  return out;
}

/// A member by its digest, whose content must have it.
base::Result<std::string> blob_text(const ArchiveSpool& spool, const std::string& digest) {
  auto text = spool.text("blobs/sha256/" + digest_hex(digest));
  if (text && sha256_digest(*text) != digest) {
    return base::fail(base::ErrorKind::invalid, "invalid archive: the content of " + digest + " has another digest");
  }
  return text;
}

base::Result<std::vector<ImageParts>> docker_parts(const ArchiveSpool& spool) {
  auto text = spool.text("manifest.json");
  if (!text) return std::unexpected(text.error());
  auto images = wire::parse_archive_manifest(*text);
  if (!images) return std::unexpected(images.error());
  std::vector<ImageParts> out;
  for (const auto& image : *images) {
    auto config = spool.text(image.config);
    if (!config) return std::unexpected(config.error());
    auto names = tidy_names(image.tags);
    if (!names) return std::unexpected(names.error());
    ImageParts parts{std::move(*config), {}, std::move(*names)};
    for (const auto& layer : image.layers) {
      auto file = spool.file(layer);
      if (!file) return std::unexpected(file.error());
      parts.layers.push_back(std::move(*file));
    }
    out.push_back(std::move(parts));
  }
  return out;
}

/// The full name that containerd or podman left with a manifest; a tag alone names nothing.
std::vector<std::string> names_in(const wire::Descriptor& descriptor) {
  for (const auto* key : {"io.containerd.image.name", "org.opencontainers.image.ref.name"}) {
    const auto found = descriptor.annotations.find(key);
    if (found != descriptor.annotations.end() && found->second.find_first_of("/:") != std::string::npos)
      return {found->second};
  }
  return {};
}

/// The manifest of one image that `descriptor` leads to, through indexes, for this machine.
base::Result<wire::ImageManifest> one_image(const ArchiveSpool& spool, const wire::Descriptor& descriptor) {
  const auto platform = host_platform();
  auto digest = descriptor.digest;
  for (int depth = 0; depth < kMaxNesting; ++depth) {
    auto text = blob_text(spool, digest);
    if (!text) return std::unexpected(text.error());
    auto manifest = wire::parse_image_manifest(*text);
    if (!manifest || !manifest->is_index) return manifest;
    const auto* chosen = wire::choose_platform(*manifest, platform.os, platform.architecture, platform.variant);
    if (!chosen) {
      return base::fail(base::ErrorKind::invalid,
                        "no matching manifest for " + platform.text() + " in the manifest list entries");
    }
    digest = chosen->digest;
  }
  return base::fail(base::ErrorKind::invalid, "invalid archive: indexes lie too deep in each other");
}

base::Result<std::vector<ImageParts>> layout_parts(const ArchiveSpool& spool) {
  auto text = spool.text("index.json");
  if (!text) return std::unexpected(text.error());
  auto index = wire::parse_image_manifest(*text);
  if (!index) return std::unexpected(index.error());
  std::vector<ImageParts> out;
  for (const auto& descriptor : index->manifests) {
    // `unknown` marks attestations, which are no images.
    if (descriptor.os == "unknown") continue;
    auto manifest = one_image(spool, descriptor);
    if (!manifest) return std::unexpected(manifest.error());
    auto config = blob_text(spool, manifest->config.digest);
    if (!config) return std::unexpected(config.error());
    auto names = tidy_names(names_in(descriptor));
    if (!names) return std::unexpected(names.error());
    ImageParts parts{std::move(*config), {}, std::move(*names)};
    for (const auto& layer : manifest->layers) {
      auto file = spool.file("blobs/sha256/" + digest_hex(layer.digest));
      if (!file) return std::unexpected(file.error());
      parts.layers.push_back(std::move(*file));
    }
    out.push_back(std::move(parts));
  }
  return out;
}

}  // namespace

base::Result<std::vector<std::string>> load_images(ImageCatalog& catalog, int fd, const ports::OnProgress& progress) {
  auto temp = catalog.make_temp();
  if (!temp) return std::unexpected(temp.error());
  auto spool = ArchiveSpool::read(fd, std::move(*temp), catalog.limits());
  if (!spool) return std::unexpected(spool.error());
  if (!spool->has("manifest.json") && !spool->has("index.json")) {
    return base::fail(base::ErrorKind::invalid,
                      "the archive holds no image: neither manifest.json nor index.json is in it");
  }
  auto images = spool->has("manifest.json") ? docker_parts(*spool) : layout_parts(*spool);
  if (!images) return std::unexpected(images.error());
  std::vector<std::string> lines;
  for (const auto& parts : *images) {
    auto image = assemble_image(catalog, parts, [&](std::size_t, const StoredLayer& layer) {
      if (progress) progress({"Loading layer", short_digest(layer.diff_id), layer.tar_bytes, layer.tar_bytes});
    });
    if (!image) return std::unexpected(image.error());
    for (const auto& name : parts.names) lines.push_back("Loaded image: " + name);
    if (parts.names.empty()) lines.push_back("Loaded image ID: " + image->id);
  }
  return lines;
}

}  // namespace fairlead::oci
