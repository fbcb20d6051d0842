#pragma once
#include <map>
#include <memory>

#include "adapters/linux/netlink_socket.h"
#include "base/fd.h"
#include "ports/objects.h"

namespace fairlead::linuxnet {

/// One network namespace that can be worked in: a handle on it and a socket bound to it.
struct Place {
  base::Fd netns;
  NetlinkSocket socket;
};

/// The namespaces touched during one call, opened when first needed (17 µs) and closed with the call: a socket kept
/// open would keep a namespace alive after its pin is gone.
class Places {
 public:
  explicit Places(Place& home) : home_(home) {}
  /// The empty name is home. Nothing (nullptr) if no namespace is pinned under `name`.
  base::Result<Place*> find(const ports::NetnsName& name);
  void forget(const ports::NetnsName& name) { open_.erase(name); }

 private:
  Place& home_;
  std::map<ports::NetnsName, std::unique_ptr<Place>> open_;
};

/// Opens the calling thread's own namespace.
base::Result<Place> open_home();

}  // namespace fairlead::linuxnet
