#pragma once
#include "adapters/oci/image_catalog.h"
#include "base/error.h"
#include "ports/images.h"

namespace fairlead::oci {

/// Makes an image of one layer out of a root file system's tar. Names, changes and platform are checked before `fd` is
/// read.
base::Result<ports::Image> import_image(ImageCatalog& catalog, int fd, const ports::ImportOptions& options,
                                        ports::Time now);

/// `NAME:TAG` for `docker tag` and `docker import`; the tag may stand in the repository or apart, and is `latest` by
/// default. `invalid` in Docker's words.
base::Result<std::string> tag_name(const std::string& repository, const std::string& tag);

}  // namespace fairlead::oci
