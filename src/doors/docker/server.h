#pragma once
/// The Docker API on unix sockets.
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/fd.h"
#include "doors/docker/connection.h"

namespace fairlead::docker {

struct ServerOptions {
  std::string version;        ///< of fairlead, for the Server header
  std::vector<Route> routes;  ///< see `all_routes`
  Limits limits;
  std::chrono::milliseconds sweep{1000};  ///< how often late connections are looked for
};

/// Accepts and serves connections on the thread that runs `io`; all calls belong on that thread.
class Server {
 public:
  Server(boost::asio::io_context& io, ServerOptions options);
  ~Server();
  Server(const Server&) = delete;
  /// Takes a bound and listening unix stream socket (from `bind_unix` or from systemd). May be called several times.
  base::Result<void> listen(base::Fd socket);
  /// Accepts no more and closes connections, except those taken over by attach and exec.
  void stop();

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace fairlead::docker
