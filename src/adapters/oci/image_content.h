#pragma once
#include <cstdint>

#include "adapters/oci/image_stream.h"
#include "base/error.h"

namespace fairlead::oci {

/// Writes the content of the archive's present entry to the empty file `fd`, leaving holes where the archive has them.
/// Gives the bytes written, without holes.
base::Result<std::int64_t> write_content(TarStream& archive, archive_entry* entry, int fd);

/// Writes all of `bytes` at `offset`.
base::Result<void> write_at(int fd, std::string_view bytes, std::int64_t offset);

}  // namespace fairlead::oci
