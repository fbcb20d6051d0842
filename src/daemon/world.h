#pragma once
#include <memory>

#include "daemon/names.h"
#include "ports/clock.h"
#include "ports/flows.h"
#include "ports/images.h"
#include "ports/kernel.h"
#include "ports/runtime.h"
#include "ports/socket_keeper.h"
#include "ports/sockets.h"
#include "ports/store.h"
#include "ports/watch.h"

namespace fairlead::daemon {

/// The ports that the conductor acts through; main fills them with adapters, tests with fakes.
struct World {
  std::unique_ptr<ports::Clock> clock;
  std::unique_ptr<ports::SocketKeeper> keeper;  ///< others refer to it: goes after them
  std::unique_ptr<ports::Store> store;
  std::unique_ptr<ports::Kernel> kernel;
  std::unique_ptr<ports::Firewall> firewall;
  std::unique_ptr<ports::Watch> watch;
  std::unique_ptr<ports::Sockets> sockets;
  std::unique_ptr<ports::Flows> flows;
  std::unique_ptr<ports::Images> images;
  std::unique_ptr<ports::Volumes> volumes;
  std::unique_ptr<ports::Runtime> runtime;
  std::unique_ptr<Names> names;
};

}  // namespace fairlead::daemon
