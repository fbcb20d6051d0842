#include "adapters/oci/image_assemble.h"

#include <fcntl.h>
#include <fmt/format.h>

#include "wire/image_config.h"

namespace fairlead::oci {

base::Result<ports::Image> assemble_image(ImageCatalog& catalog, const ImageParts& parts, const OnLayer& on_layer) {
  const auto config = wire::parse_image_config(parts.config_text);
  if (!config) return std::unexpected(config.error());
  if (config->diff_ids.size() != parts.layers.size()) {
    return base::fail(base::ErrorKind::invalid,
                      fmt::format("invalid manifest, layers length mismatch: expected {}, got {}", parts.layers.size(),
                                  config->diff_ids.size()));
  }
  if (config->os != "linux" && !config->os.empty()) {
    return base::fail(base::ErrorKind::invalid, fmt::format("cannot load {} image on linux", config->os));
  }
  std::vector<LayerHold> holds;
  for (std::size_t at = 0; at < parts.layers.size(); ++at) {
    auto hold = catalog.layers().hold(config->diff_ids[at]);
    if (!hold) {
      const base::Fd fd(::open(parts.layers[at].c_str(), O_RDONLY | O_CLOEXEC));
      if (!fd) return base::fail_errno(errno, "open " + parts.layers[at].string());
      hold = catalog.layers().add(fd.get(), config->diff_ids[at]);
    }
    if (!hold) return std::unexpected(hold.error());
    if (on_layer) on_layer(at, hold->layer());
    holds.push_back(std::move(*hold));
  }
  return catalog.add(parts.config_text, std::move(holds), parts.names);
}

}  // namespace fairlead::oci
