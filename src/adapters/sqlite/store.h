#pragma once
#include <filesystem>
#include <memory>

#include "base/error.h"
#include "ports/store.h"

namespace fairlead::sqlite {

/// Opens the records file, making it (mode 0600) and its directory where they are missing. Errors say what to do: the
/// file is damaged, comes from a newer fairlead, or cannot be read or written.
base::Result<std::unique_ptr<ports::Store>> open_store(const std::filesystem::path& file);

}  // namespace fairlead::sqlite
