#pragma once
/// One client's connection: HTTP/1.1 in, handlers called, answers out. Beast is used in connection.cc alone.
#include <chrono>
#include <memory>
#include <set>
#include <string>

#include "doors/docker/router.h"
#include "doors/docker/stream_io.h"

namespace fairlead::docker {

struct Limits {
  std::uint32_t header_bytes = 64 << 10;
  std::chrono::seconds header_time{30};  ///< from a request's first byte to its last header
  std::chrono::seconds body_time{300};   ///< between two pieces of a body
  std::chrono::seconds idle_time{1800};  ///< between two requests
  std::chrono::seconds linger_time{2};   ///< for a client to read the answer that ends its connection
};

/// What the server can do to a connection from outside its coroutine.
class Live {
 public:
  virtual ~Live() = default;
  /// Closes it when it is past what it waits for.
  virtual void close_if_late(std::chrono::steady_clock::time_point now) = 0;
  virtual void close() = 0;
};

/// What all connections of a server share.
struct Shared {
  Router router;
  Limits limits;
  std::string standing;  ///< headers of every answer
  std::set<Live*> live;
};

/// Serves one client until it leaves or misbehaves. Never throws.
Task<void> serve(Socket socket, std::shared_ptr<Shared> shared);

}  // namespace fairlead::docker
