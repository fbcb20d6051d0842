#pragma once
#include <sys/types.h>

#include <optional>
#include <string>

#include "base/error.h"
#include "base/fd.h"

namespace fairlead::docker {

/// Binds and listens on a unix stream socket at `path`, whose directory is made. The socket has `mode` from its first
/// moment and belongs to `group`, where one is named (`invalid` when the system knows none of that name or number).
/// A socket file that nobody listens on is replaced; one in use is a `conflict`; any other kind of file is left alone
/// and is an `invalid`, as is a path over 107 bytes (unix(7)).
base::Result<base::Fd> bind_unix(const std::string& path, mode_t mode, const std::optional<std::string>& group);

}  // namespace fairlead::docker
