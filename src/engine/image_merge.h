#pragma once
#include "ports/container_spec.h"
#include "ports/images.h"

namespace fairlead::engine {

/// What was asked, completed by what the image gives, by Docker's rules: an entrypoint of one's own drops the image's
/// command; variables, labels, ports and volumes of one's own win and the image's others are added; an entrypoint of
/// one empty string is none.
ports::ContainerSpec merge_image(ports::ContainerSpec spec, const ports::Image& image);

}  // namespace fairlead::engine
