#pragma once
#include <string>

#include "base/error.h"
#include "base/fd.h"

namespace fairlead::ports {

/// What a sandbox's name server listens on: a UDP socket and a listening TCP socket inside its namespace, both on ports
/// of their own, to which the namespace leads 127.0.0.11:53. Open ones keep the namespace alive. Not blocking.
struct ResolverSockets {
  base::Fd udp, tcp;
};

/// Opens those sockets. Blocking for well under a millisecond; any thread.
class Resolvers {
 public:
  virtual ~Resolvers() = default;
  /// In the namespace pinned as `netns`. Replaces what an earlier call led 127.0.0.11:53 to.
  virtual base::Result<ResolverSockets> open(const std::string& netns) = 0;
};

}  // namespace fairlead::ports
