#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"

namespace fairlead::docker {

/// Status line and headers of one answer.
struct ReplyHead {
  int status = 200;
  std::string_view content_type;        ///< empty: no Content-Type
  std::optional<std::uint64_t> length;  ///< Content-Length, where there is one
  bool chunked = false;
  bool close = false;    ///< the connection ends after this answer
  bool upgrade = false;  ///< 101 to `Upgrade: tcp`
  const std::vector<std::pair<std::string, std::string>>* more = nullptr;
};

/// The headers that every answer carries, made once: API version, OS type and our own name and `version`.
std::string standing_headers(std::string_view version);

/// Bytes up to and with the empty line (RFC 9112).
std::string write_head(const ReplyHead& head, std::string_view standing);

/// `{"message": text}` and a newline: Docker's form of an error.
std::string error_body(std::string_view text);

}  // namespace fairlead::docker
