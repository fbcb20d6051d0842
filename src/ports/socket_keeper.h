#pragma once
/// Sockets that are to outlive this process.
#include <map>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/fd.h"

namespace fairlead::ports {

/// A socket under the name by which the next process will ask for it.
struct KeptSocket {
  std::string key;  ///< at most 128 bytes, no line ends
  int fd = -1;      ///< stays the caller's
};

/// Keeps copies of sockets for the next process of the same daemon. Thread-safe; every call blocks for well under a
/// millisecond per sixty sockets.
class SocketKeeper {
 public:
  virtual ~SocketKeeper() = default;
  /// Keeps a copy of each; of an equal key the last one counts.
  virtual base::Result<void> keep(const std::vector<KeptSocket>& sockets) = 0;
  /// Copies of all that are kept under keys that begin with `prefix`.
  virtual base::Result<std::map<std::string, base::Fd>> take(const std::string& prefix) = 0;
  /// Closes what is kept under these keys; one that is not kept is passed over.
  virtual base::Result<void> drop(const std::vector<std::string>& keys) = 0;
};

}  // namespace fairlead::ports
