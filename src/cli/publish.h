#pragma once
#include <string>
#include <vector>

#include "base/error.h"

namespace fairlead::cli {

/// The body that asks the daemon to publish (`field` is `Publish`) or no longer publish (`Unpublish`) what `specs` say,
/// each as for `docker run -p`. `invalid` names the one that is wrong.
base::Result<std::string> port_change(const std::string& field, const std::vector<std::string>& specs);

/// Asks the daemon at `socket`; gives the container's ports after it, a line each, as `docker port` writes them.
base::Result<std::string> change_ports(const std::string& socket, const std::string& container,
                                       const std::string& body);

}  // namespace fairlead::cli
