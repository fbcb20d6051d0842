#include "wire/image_manifest.h"

#include "wire/image_json.h"

namespace fairlead::wire {

namespace json = boost::json;

namespace {

constexpr std::size_t kMaxItems = 10000;

base::Result<Descriptor> parse_descriptor(const json::value& value) {
  Descriptor out;
  ImageFields fields(value, "image manifest: descriptor");
  fields.text("mediaType", out.media_type);
  fields.text("digest", out.digest);
  fields.number("size", out.size);
  fields.text_map("annotations", out.annotations);
  const auto* platform = fields.member("platform");
  if (fields.ok() && !is_sha256_digest(out.digest)) fields.wrong("digest", "is not a sha256 digest");
  if (out.size < 0) fields.wrong("size", "is negative");
  if (!fields.ok()) return std::unexpected(fields.result().error());
  if (platform) {
    ImageFields inner(*platform, "image manifest: platform");
    inner.text("os", out.os);
    inner.text("architecture", out.architecture);
    inner.text("variant", out.variant);
    if (!inner.ok()) return std::unexpected(inner.result().error());
  }
  return out;
}

base::Result<std::vector<Descriptor>> parse_descriptors(const json::array& items) {
  std::vector<Descriptor> out;
  if (items.size() > kMaxItems) return base::fail(base::ErrorKind::invalid, "image manifest has too many entries");
  for (const auto& item : items) {
    auto one = parse_descriptor(item);
    if (!one) return std::unexpected(one.error());
    out.push_back(std::move(*one));
  }
  return out;
}

json::object descriptor_json(const Descriptor& descriptor) {
  json::object out{{"mediaType", descriptor.media_type}, {"digest", descriptor.digest}, {"size", descriptor.size}};
  if (!descriptor.annotations.empty()) {
    json::object annotations;
    for (const auto& [key, value] : descriptor.annotations) annotations[key] = value;
    out["annotations"] = std::move(annotations);
  }
  if (!descriptor.architecture.empty()) {
    json::object platform{{"architecture", descriptor.architecture}, {"os", descriptor.os}};
    if (!descriptor.variant.empty()) platform["variant"] = descriptor.variant;
    out["platform"] = std::move(platform);
  }
  return out;
}

}  // namespace

base::Result<std::vector<ArchiveImage>> parse_archive_manifest(std::string_view text) {
  auto value = parse_image_json(text, "manifest.json");
  if (!value) return std::unexpected(value.error());
  const auto* list = value->if_array();
  if (!list) return base::fail(base::ErrorKind::invalid, "manifest.json is not a list");
  if (list->size() > kMaxItems) return base::fail(base::ErrorKind::invalid, "manifest.json has too many entries");
  std::vector<ArchiveImage> out;
  for (const auto& item : *list) {
    ArchiveImage image;
    ImageFields fields(item, "manifest.json");
    fields.text("Config", image.config);
    fields.texts("RepoTags", image.tags);
    fields.texts("Layers", image.layers);
    if (fields.ok() && image.config.empty()) fields.wrong("Config", "is missing");
    if (!fields.ok()) return std::unexpected(fields.result().error());
    out.push_back(std::move(image));
  }
  return out;
}

std::string archive_manifest_json(const std::vector<ArchiveImage>& images) {
  json::array out;
  for (const auto& image : images) {
    json::object item{{"Config", image.config}};
    item["RepoTags"] = image.tags.empty() ? json::value(nullptr) : json::value_from(image.tags);
    item["Layers"] = json::value_from(image.layers);
    out.push_back(std::move(item));
  }
  return json::serialize(out);
}

base::Result<ImageManifest> parse_image_manifest(std::string_view text) {
  auto value = parse_image_json(text, "image manifest");
  if (!value) return std::unexpected(value.error());
  ImageManifest out;
  std::int64_t schema = 2;
  ImageFields fields(*value, "image manifest");
  fields.number("schemaVersion", schema);
  if (schema != 2) fields.wrong("schemaVersion", "is not 2: the image is in a format that registries gave up in 2017");
  fields.text("mediaType", out.media_type);
  const auto manifests = fields.list("manifests");
  const auto layers = fields.list("layers");
  const auto* config = fields.member("config");
  if (!fields.ok()) return std::unexpected(fields.result().error());
  out.is_index = value->as_object().contains("manifests");
  if (out.is_index == (config != nullptr)) {
    return base::fail(base::ErrorKind::invalid, "image manifest has neither one image nor a list of images");
  }
  auto parsed = parse_descriptors(out.is_index ? manifests : layers);
  if (!parsed) return std::unexpected(parsed.error());
  (out.is_index ? out.manifests : out.layers) = std::move(*parsed);
  if (config) {
    auto one = parse_descriptor(*config);
    if (!one) return std::unexpected(one.error());
    out.config = std::move(*one);
  }
  return out;
}

std::string image_manifest_json(const ImageManifest& manifest) {
  json::object out{{"schemaVersion", 2}, {"mediaType", manifest.media_type}};
  json::array items;
  for (const auto& item : manifest.is_index ? manifest.manifests : manifest.layers)
    items.push_back(descriptor_json(item));
  if (!manifest.is_index) out["config"] = descriptor_json(manifest.config);
  out[manifest.is_index ? "manifests" : "layers"] = std::move(items);
  return json::serialize(out);
}

const Descriptor* choose_platform(const ImageManifest& index, std::string_view os, std::string_view architecture,
                                  std::string_view variant) {
  for (const auto& entry : index.manifests) {
    if (entry.os.empty() && entry.architecture.empty()) return &entry;
    if (entry.os == os && entry.architecture == architecture && (variant.empty() || entry.variant == variant)) {
      return &entry;
    }
  }
  return nullptr;
}

}  // namespace fairlead::wire
