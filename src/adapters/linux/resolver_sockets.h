#pragma once
#include <memory>

#include "ports/resolver.h"

namespace fairlead::linuxnet {

/// Sockets on 127.0.0.11 and a table `ip fairlead_dns` in the sandbox's namespace that rewrites 127.0.0.11:53 to them
/// and their answers back. Port 53 itself stays free: a container may bind 0.0.0.0:53.
std::unique_ptr<ports::Resolvers> make_resolvers();

}  // namespace fairlead::linuxnet
