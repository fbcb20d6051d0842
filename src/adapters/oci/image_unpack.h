#pragma once
#include <cstdint>

#include "adapters/oci/image_stream.h"
#include "base/error.h"

namespace fairlead::oci {

struct Unpacked {
  std::int64_t bytes = 0;  ///< content of files
};

/// Unpacks a layer (OCI image-spec `layer.md`) below the open directory `root`, in overlayfs's form: `.wh.NAME` becomes
/// a character device 0:0, `.wh..wh..opq` the opaque mark. Owners, modes, times, extended attributes, devices and holes
/// are kept. Errors: `invalid` for an archive that is damaged, too large or names something outside; then part of it
/// may be unpacked and the caller throws the directory away. Needs root.
base::Result<Unpacked> unpack_layer(TarStream& archive, int root);

}  // namespace fairlead::oci
