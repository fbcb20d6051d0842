#pragma once
/// The key sequence that leaves an attached terminal without ending the container.
#include <string>
#include <string_view>

#include "base/error.h"

namespace fairlead::wire {

/// `ctrl-p,ctrl-q`, `a`, `ctrl-@,x`: the bytes that these keys send. Empty text gives Docker's default, ctrl-p ctrl-q.
/// `invalid` for anything else.
base::Result<std::string> parse_detach_keys(std::string_view text);

/// Watches typed bytes for the sequence, across pieces of any size, and holds back what may still become it.
class DetachWatch {
 public:
  /// `keys` as from `parse_detach_keys`; not empty.
  explicit DetachWatch(std::string keys) : keys_(std::move(keys)) {}
  /// Appends to `out` what is ordinary input. True once the sequence is complete: it and all after it are swallowed.
  bool feed(std::string_view input, std::string& out);
  /// What is held back, for when the input ends.
  std::string_view held() const { return std::string_view(keys_).substr(0, matched_); }

 private:
  std::string keys_;
  std::size_t matched_ = 0;
};

}  // namespace fairlead::wire
