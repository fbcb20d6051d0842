#pragma once
#include <chrono>
#include <memory>

#include "base/error.h"
#include "ports/socket_keeper.h"
#include "ports/sockets.h"

namespace fairlead::linuxnet {

struct HostSocketsOptions {
  std::chrono::milliseconds datagram_idle{90'000};  ///< a UDP client that was silent for so long is forgotten
  std::size_t streams = 4096;                       ///< TCP connections led at once; further clients wait
  std::size_t datagram_clients = 1024;              ///< UDP clients at once; the longest silent one gives way
  ports::SocketKeeper* keeper = nullptr;            ///< lets held ports outlive this; must itself
  bool by_kernel = true;  ///< clients of [::1] never reach a socket where the kernel allows it
};

/// Host ports as sockets of the calling thread's network namespace (whoever calls `hold` must be in it), with one
/// thread that leads the clients that reach them. Raises the process's soft limit of open descriptors to the hard one.
/// SCTP is held but not led: only the kernel translates it.
base::Result<std::unique_ptr<ports::Sockets>> make_sockets(const HostSocketsOptions& options = {});

}  // namespace fairlead::linuxnet
