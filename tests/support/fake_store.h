#pragma once
#include <map>
#include <optional>
#include <utility>

#include "ports/store.h"

namespace fairlead::support {

/// A Store in memory. `fail_next` makes the next commit fail as a full disk would: none of its changes is kept.
class FakeStore final : public ports::Store {
 public:
  base::Result<std::vector<ports::Record>> load() override {
    std::vector<ports::Record> records;
    for (const auto& [key, body] : records_) records.push_back({key.first, key.second, body});
    return records;
  }

  base::Result<void> commit(const std::vector<ports::RecordChange>& changes) override {
    if (auto error = std::exchange(fail_next, std::nullopt)) return std::unexpected(*error);
    for (const auto& change : changes) {
      if (change.body) {
        records_[{change.kind, change.key}] = *change.body;
      } else {
        records_.erase({change.kind, change.key});
      }
    }
    ++commits;
    return {};
  }

  std::optional<base::Error> fail_next;
  int commits = 0;

 private:
  std::map<std::pair<std::string, std::string>, std::string> records_;
};

}  // namespace fairlead::support
