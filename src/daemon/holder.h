#pragma once
/// A process of a few hundred KiB that keeps copies of sockets while the daemon is away, so that what arrives waits in
/// them: name servers', host ports', and on some kernels the one that owns the firewall table. Started with the first
/// that is to be kept; ends once it holds nothing and no daemon is there, or when its socket is gone from the file
/// system.
#include <mutex>
#include <span>
#include <string>

#include "daemon/holder_wire.h"
#include "ports/socket_keeper.h"

namespace fairlead::daemon {

/// The daemon's end.
class Holder : public ports::SocketKeeper {
 public:
  /// `path` is the holder's unix socket, `program` runs as `PROGRAM --holder PATH` with the listening socket as
  /// descriptor 3.
  Holder(std::string path, std::string program) : path_(std::move(path)), program_(std::move(program)) {}

  base::Result<void> keep(const std::vector<ports::KeptSocket>& sockets) override;
  base::Result<std::map<std::string, base::Fd>> take(const std::string& prefix) override;
  base::Result<void> drop(const std::vector<std::string>& keys) override;

 private:
  base::Result<bool> connect();
  base::Result<void> start();
  base::Result<void> ask(HolderMessage::Kind kind, const std::vector<std::string>& keys,
                         const std::vector<int>& sockets);
  base::Result<void> ask_in_parts(HolderMessage::Kind kind, std::span<const std::string> keys,
                                  std::span<const int> sockets);

  const std::string path_, program_;
  std::mutex mutex_;
  base::Fd connection_;
};

/// The holder's own main loop on the listening socket; returns the exit status. Only root is served.
int run_holder(base::Fd listener, const std::string& path);

}  // namespace fairlead::daemon
