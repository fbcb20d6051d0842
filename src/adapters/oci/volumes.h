#pragma once
#include <filesystem>
#include <memory>

#include "ports/clock.h"
#include "ports/runtime.h"

namespace fairlead::oci {

/// Named volumes in `<data_root>/volumes/NAME/_data`. `clock` must outlive them.
std::unique_ptr<ports::Volumes> open_volumes(const std::filesystem::path& data_root, ports::Clock& clock);

/// Fills an empty volume with what the image has at `target` below `root` (an open directory): files, owners, modes,
/// times, links and extended attributes. A volume that holds anything, and a target that is no directory, is left
/// alone.
base::Result<void> copy_image_content(int root, const std::string& target, const std::filesystem::path& volume);

}  // namespace fairlead::oci
