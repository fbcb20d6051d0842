#include "wire/docker_target.h"

#include <fmt/format.h>

#include <charconv>

namespace fairlead::wire {
namespace {

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

/// What stands after scheme and authority in absolute form; origin form as it is.
std::string_view without_authority(std::string_view target) {
  for (const std::string_view scheme : {"http://", "https://", "unix://"}) {
    if (!target.starts_with(scheme)) continue;
    const auto slash = target.find('/', scheme.size());
    return slash == std::string_view::npos ? std::string_view("/") : target.substr(slash);
  }
  return target;
}

base::Result<std::vector<std::pair<std::string, std::string>>> parse_query(std::string_view text) {
  std::vector<std::pair<std::string, std::string>> query;
  while (!text.empty()) {
    const auto end = text.find('&');
    const auto field = text.substr(0, end);
    text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
    if (field.empty()) continue;
    const auto equals = field.find('=');
    auto name = percent_decode(field.substr(0, equals), true);
    auto value = percent_decode(equals == std::string_view::npos ? std::string_view() : field.substr(equals + 1), true);
    if (!name || !value)
      return base::fail(base::ErrorKind::invalid, fmt::format("invalid URL escape in query \"{}\"", field));
    query.emplace_back(std::move(*name), std::move(*value));
  }
  return query;
}

bool path_is_plain(std::string_view path) {
  if (path.empty() || path.front() != '/') return false;
  for (const char c : path)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) return false;
  for (std::size_t at = 1; at <= path.size();) {
    const auto slash = std::min(path.find('/', at), path.size());
    const auto segment = path.substr(at, slash - at);
    const bool last = slash == path.size();
    if ((segment.empty() && !(last && at == 1)) || segment == "." || segment == "..") return false;
    at = slash + 1;
  }
  return true;
}

/// `/v1.41/x` gives `1.41` and leaves `/x`; anything else stays.
std::optional<std::string> take_version(std::string& path) {
  if (!path.starts_with("/v")) return std::nullopt;
  const auto end = std::min(path.find('/', 2), path.size());
  const auto text = path.substr(2, end - 2);
  if (text.empty() || text.find_first_not_of("0123456789.") != std::string::npos) return std::nullopt;
  path.erase(0, end);
  if (path.empty()) path = "/";
  return text;
}

struct Version {
  int major = 0, minor = 0;
  auto operator<=>(const Version&) const = default;
};

std::optional<Version> parse_version(std::string_view text) {
  Version version;
  const char* end = text.data() + text.size();
  const auto major = std::from_chars(text.data(), end, version.major);
  if (major.ec != std::errc()) return std::nullopt;
  if (major.ptr == end) return version;
  const auto minor = std::from_chars(major.ptr + 1, end, version.minor);
  if (*major.ptr != '.' || minor.ec != std::errc() || minor.ptr != end) return std::nullopt;
  return version;
}

}  // namespace

std::optional<std::string> percent_decode(std::string_view text, bool plus_is_space) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%') {
      if (i + 2 >= text.size()) return std::nullopt;
      const int high = hex_digit(text[i + 1]), low = hex_digit(text[i + 2]);
      if (high < 0 || low < 0) return std::nullopt;
      out += static_cast<char>(high * 16 + low);
      i += 2;
    } else {
      out += plus_is_space && text[i] == '+' ? ' ' : text[i];
    }
  }
  return out;
}

base::Result<DockerTarget> parse_docker_target(std::string_view target) {
  target = without_authority(target);
  target = target.substr(0, target.find('#'));
  const auto mark = target.find('?');
  auto path = percent_decode(target.substr(0, mark), false);
  if (!path) return base::fail(base::ErrorKind::invalid, "invalid URL escape in the request path");
  if (!path_is_plain(*path)) return base::fail(base::ErrorKind::invalid, "invalid request path");
  DockerTarget parsed;
  parsed.version = take_version(*path);
  parsed.path = std::move(*path);
  if (mark != std::string_view::npos) {
    auto query = parse_query(target.substr(mark + 1));
    if (!query) return std::unexpected(query.error());
    parsed.query = std::move(*query);
  }
  return parsed;
}

base::Result<int> serve_docker_version(const std::optional<std::string>& version) {
  if (!version) return docker_api_newest;
  const auto asked = parse_version(*version);
  if (!asked) return base::fail(base::ErrorKind::invalid, fmt::format("invalid API version \"{}\"", *version));
  if (*asked < Version{1, docker_api_accepted})
    return base::fail(base::ErrorKind::invalid,
                      fmt::format("client version {} is too old. Minimum supported API version is 1.{}, please upgrade "
                                  "your client to a newer version",
                                  *version, docker_api_oldest));
  if (*asked > Version{1, docker_api_newest})
    return base::fail(base::ErrorKind::invalid,
                      fmt::format("client version {} is too new. Maximum supported API version is 1.{}", *version,
                                  docker_api_newest));
  return asked->minor;
}

}  // namespace fairlead::wire
