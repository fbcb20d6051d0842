#pragma once
/// The image routes whose bodies are streams: import, pull, load, save.
#include "doors/docker/exchange.h"

namespace fairlead::docker {

Task<void> create_image(engine::Service& service, Exchange& exchange);
Task<void> load_images(engine::Service& service, Exchange& exchange);
Task<void> save_images(engine::Service& service, Exchange& exchange, std::vector<std::string> references);
/// Tells an image event; `name` is what the user called it.
void tell_image(engine::Service& service, std::string action, const std::string& id, const std::string& name);

}  // namespace fairlead::docker
