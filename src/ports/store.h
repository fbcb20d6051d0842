#pragma once
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"

namespace fairlead::ports {

/// One stored record: a kind (`network`, `container`, …), its key, its body (JSON of the engine's making).
struct Record {
  std::string kind;
  std::string key;
  std::string body;
  bool operator==(const Record&) const = default;
};

/// Put (with body) or erase (without).
struct RecordChange {
  std::string kind;
  std::string key;
  std::optional<std::string> body;
  bool operator==(const RecordChange&) const = default;
};

/// Keeps records over restarts. Blocking; used from one thread at a time.
class Store {
 public:
  virtual ~Store() = default;
  virtual base::Result<std::vector<Record>> load() = 0;
  /// All of the changes or none; durable against a crash of the daemon (kill -9) when it returns.
  virtual base::Result<void> commit(const std::vector<RecordChange>& changes) = 0;
};

}  // namespace fairlead::ports
