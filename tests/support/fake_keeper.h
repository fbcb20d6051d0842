#pragma once
/// Keeps copies of sockets in this process, for tests in which "the next process" is the next object.
#include <fcntl.h>

#include "ports/socket_keeper.h"

namespace fairlead::support {

class FakeKeeper : public ports::SocketKeeper {
 public:
  base::Result<void> keep(const std::vector<ports::KeptSocket>& sockets) override {
    for (const auto& [key, fd] : sockets) {
      if (key.empty() || key.size() > 128 || key.contains('\n'))
        return base::fail(base::ErrorKind::invalid, "an unfit key");
    }
    for (const auto& [key, fd] : sockets) kept_.insert_or_assign(key, copy(fd));
    return {};
  }
  base::Result<std::map<std::string, base::Fd>> take(const std::string& prefix) override {
    std::map<std::string, base::Fd> all;
    for (const auto& [key, fd] : kept_) {
      if (key.starts_with(prefix)) all.emplace(key, copy(fd.get()));
    }
    return all;
  }
  base::Result<void> drop(const std::vector<std::string>& keys) override {
    for (const auto& key : keys) kept_.erase(key);
    return {};
  }

 private:
  static base::Fd copy(int fd) { return base::Fd(fcntl(fd, F_DUPFD_CLOEXEC, 0)); }
  std::map<std::string, base::Fd> kept_;
};

}  // namespace fairlead::support
