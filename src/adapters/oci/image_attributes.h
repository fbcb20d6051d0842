#pragma once
#include <archive.h>
#include <archive_entry.h>

#include <string>

#include "base/error.h"

namespace fairlead::oci {

/// Gives `name` in the open directory `parent` (`.`: that directory) the owner, mode and extended attributes of an
/// archive's entry. Attributes that steer overlayfs are left out: an archive must not redirect a directory of a mounted
/// image. The mode of a symbolic link is left alone. Needs CAP_CHOWN.
base::Result<void> apply_attributes(archive_entry* entry, int parent, const std::string& name);

/// Sets access and modification time; a link's own, not its target's.
base::Result<void> apply_times(archive_entry* entry, int parent, const std::string& name);

}  // namespace fairlead::oci
