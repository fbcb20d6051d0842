#pragma once
#include <mutex>
#include <optional>
#include <set>
#include <vector>

#include "adapters/oci/runtime_paths.h"
#include "base/fd.h"
#include "ports/runtime.h"

namespace fairlead::oci {

/// The files in which the monitors leave exit codes: `<exec-root>/exits/ID`. Each exit is told once. Thread-safe.
class Exits {
 public:
  explicit Exits(Roots roots) : roots_(std::move(roots)) {}
  /// Makes the directory and watches it; from here on nothing is missed.
  base::Result<void> open();
  int fd() const { return inotify_.get(); }
  /// The exits since the last call.
  std::vector<ports::ExitNotice> take();
  /// The exit of one container, if it ended; `take` does not tell it again.
  std::optional<ports::ExitNotice> look(const base::ContainerId& id);
  /// Before a start and after the end: the container has not ended.
  void forget(const base::ContainerId& id);
  /// Every container that has an exit file.
  std::vector<base::ContainerId> all() const;

 private:
  std::optional<ports::ExitNotice> read(const base::ContainerId& id) const;

  Roots roots_;
  base::Fd inotify_;
  std::mutex mutex_;
  std::set<base::ContainerId> told_;
};

}  // namespace fairlead::oci
