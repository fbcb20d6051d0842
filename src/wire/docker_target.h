#pragma once
/// The request line's target as Docker's clients write it: `/v1.41/containers/json?all=1&filters=%7B%7D`.
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"

namespace fairlead::wire {

inline constexpr int docker_api_newest = 51;  ///< 1.51
inline constexpr int docker_api_oldest = 24;  ///< 1.24: served as documented
inline constexpr int docker_api_accepted =
    21;  ///< 1.21: older clients (docker-compose 1.x) that get by with 1.24's shapes

struct DockerTarget {
  std::string path;                                        ///< decoded, without version: `/containers/json`
  std::vector<std::pair<std::string, std::string>> query;  ///< decoded, in order
  std::optional<std::string> version;                      ///< `1.41`; none when the path names none
};

/// Origin or absolute form (RFC 9112, 3.2). `invalid` for bad percent-encoding, control characters, empty segments
/// and the segments `.` and `..`, also when they are percent-encoded.
base::Result<DockerTarget> parse_docker_target(std::string_view target);

/// The minor number of the API version to serve; the newest when none is asked. `invalid` in Docker's words when it is
/// out of range.
base::Result<int> serve_docker_version(const std::optional<std::string>& version);

/// RFC 3986, 2.1; `plus_is_space` as in form encoding. None when an escape is cut short or not hexadecimal.
std::optional<std::string> percent_decode(std::string_view text, bool plus_is_space);

}  // namespace fairlead::wire
