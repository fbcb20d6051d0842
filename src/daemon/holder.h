#pragma once
/// A process of a few hundred KiB that keeps copies of the sandboxes' name server sockets while the daemon is away:
/// questions wait in them and are answered by the next daemon. Started with the first sandbox that needs it; ends once
/// it holds nothing and no daemon is there, or when its socket is gone from the file system.
#include <map>
#include <string>

#include "ports/resolver.h"

namespace fairlead::daemon {

/// The daemon's end. One thread at a time.
class Holder {
 public:
  /// `path` is the holder's unix socket, `program` runs as `PROGRAM --holder PATH` with the listening socket as
  /// descriptor 3.
  Holder(std::string path, std::string program) : path_(std::move(path)), program_(std::move(program)) {}

  /// Keeps copies; starts the holder when there is none. `key` has at most 128 bytes; of an equal key the last ones
  /// count.
  base::Result<void> store(const std::string& key, const ports::ResolverSockets& sockets);
  /// Copies of all that it keeps; none when there is no holder.
  base::Result<std::map<std::string, ports::ResolverSockets>> take_all();
  base::Result<void> drop(const std::string& key);

 private:
  base::Result<bool> connect();
  base::Result<void> start();
  base::Result<void> ask(const std::string& message, const ports::ResolverSockets* sockets);

  std::string path_, program_;
  base::Fd connection_;
};

/// The holder's own main loop on the listening socket; returns the exit status. Only root is served.
int run_holder(base::Fd listener, const std::string& path);

}  // namespace fairlead::daemon
