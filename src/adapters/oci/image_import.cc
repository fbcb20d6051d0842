#include "adapters/oci/image_import.h"

#include "adapters/oci/image_convert.h"
#include "wire/image_changes.h"

namespace fairlead::oci {

base::Result<std::string> tag_name(const std::string& repository, const std::string& tag) {
  auto parsed = wire::parse_image_reference(repository);
  if (!parsed) return std::unexpected(parsed.error());
  if (!parsed->digest.empty()) {
    return base::fail(base::ErrorKind::invalid, "refusing to create a tag with a digest reference");
  }
  if (!tag.empty()) {
    if (!wire::is_image_tag(tag)) return base::fail(base::ErrorKind::invalid, "invalid tag format");
    parsed->tag = tag;
  }
  return parsed->familiar_tagged();
}

base::Result<ports::Image> import_image(ImageCatalog& catalog, int fd, const ports::ImportOptions& options,
                                        ports::Time now) {
  std::vector<std::string> names;
  if (!options.repository.empty()) {
    auto name = tag_name(options.repository, options.tag);
    if (!name) return std::unexpected(name.error());
    names.push_back(std::move(*name));
  }
  const auto platform = parse_platform(options.platform);
  if (!platform) return std::unexpected(platform.error());
  wire::ImageConfig config;
  for (const auto& change : options.changes) {
    if (auto applied = wire::apply_image_change(change, config.run); !applied) return std::unexpected(applied.error());
  }
  auto layer = catalog.layers().add(fd);
  if (!layer) return std::unexpected(layer.error());
  config.architecture = platform->architecture;
  config.os = platform->os;
  config.variant = platform->variant;
  config.created = ports::rfc3339(now);
  config.comment = options.message.empty() ? "Imported from -" : options.message;
  config.diff_ids = {layer->layer().diff_id};
  config.history.push_back({.created = config.created, .comment = config.comment});
  std::vector<LayerHold> layers;
  layers.push_back(std::move(*layer));
  return catalog.add(wire::image_config_json(config), std::move(layers), names);
}

}  // namespace fairlead::oci
