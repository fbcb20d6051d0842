#pragma once
#include <string_view>

#include "base/error.h"
#include "wire/image_config.h"

namespace fairlead::wire {

/// Applies one Dockerfile instruction, as `docker import --change` takes it, to what an image runs: CMD, ENTRYPOINT,
/// ENV, EXPOSE, LABEL, USER, VOLUME, WORKDIR, STOPSIGNAL. Errors are `invalid` and leave `run` as it was.
base::Result<void> apply_image_change(std::string_view line, ImageRunConfig& run);

}  // namespace fairlead::wire
