#pragma once
#include <string>

#include "base/error.h"
#include "base/fd.h"

namespace fairlead::daemon {

/// The daemon's claim on its pid file; the file goes when this does.
class Pidfile {
 public:
  Pidfile(Pidfile&& other) noexcept = default;
  Pidfile& operator=(Pidfile&&) = delete;
  ~Pidfile();

 private:
  friend base::Result<Pidfile> write_pidfile(const std::string& path);
  Pidfile(std::string path, base::Fd lock) : path_(std::move(path)), lock_(std::move(lock)) {}
  std::string path_;
  base::Fd lock_;
};

/// Writes our process id, making the directory where it is missing. A file left by a daemon that died is taken over; a
/// living holder is refused in dockerd's words. An empty path claims nothing.
base::Result<Pidfile> write_pidfile(const std::string& path);

/// Locks the data root against a second daemon for as long as the descriptor is open (flock(2), so that a crash frees
/// it).
base::Result<base::Fd> lock_data_root(const std::string& data_root);

}  // namespace fairlead::daemon
