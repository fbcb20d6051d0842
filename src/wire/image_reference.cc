#include "wire/image_reference.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

namespace fairlead::wire {

namespace {

constexpr std::string_view kHub = "docker.io";
constexpr std::string_view kLibrary = "library/";
constexpr std::size_t kMaxName = 255;

bool is_lower(char c) {
  return c >= 'a' && c <= 'z';
}
bool is_upper(char c) {
  return c >= 'A' && c <= 'Z';
}
bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_alnum(char c) {
  return is_lower(c) || is_upper(c) || is_digit(c);
}
bool is_hex(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'f');
}

std::unexpected<base::Error> bad(std::string_view why = {}) {
  return base::fail(base::ErrorKind::invalid, why.empty() ? std::string("invalid reference format")
                                                          : fmt::format("invalid reference format: {}", why));
}

/// One component between slashes: runs of `[a-z0-9]` joined by `.`, `_`, `__` or any number of `-`.
bool is_path_component(std::string_view part) {
  std::size_t at = 0;
  while (true) {
    const auto run = at;
    while (at < part.size() && (is_lower(part[at]) || is_digit(part[at]))) ++at;
    if (at == run) return false;
    if (at == part.size()) return true;
    if (part[at] == '.') {
      ++at;
    } else if (part[at] == '_') {
      at += part.substr(at).starts_with("__") ? 2 : 1;
    } else if (part[at] == '-') {
      while (at < part.size() && part[at] == '-') ++at;
    } else {
      return false;
    }
  }
}

bool is_path(std::string_view path) {
  while (true) {
    const auto slash = path.find('/');
    if (!is_path_component(path.substr(0, slash))) return false;
    if (slash == std::string_view::npos) return true;
    path.remove_prefix(slash + 1);
  }
}

bool is_port(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, is_digit);
}

bool is_host_label(std::string_view label) {
  if (label.empty() || !is_alnum(label.front()) || !is_alnum(label.back())) return false;
  return std::ranges::all_of(label, [](char c) { return is_alnum(c) || c == '-'; });
}

/// Host name labels or a bracketed IPv6 address, then maybe a port.
bool is_domain(std::string_view domain) {
  if (domain.starts_with('[')) {
    const auto close = domain.find(']');
    if (close == std::string_view::npos || close < 3) return false;
    const auto inside = domain.substr(1, close - 1);
    if (!std::ranges::all_of(inside, [](char c) { return is_hex(c) || (c >= 'A' && c <= 'F') || c == ':'; }))
      return false;
    const auto rest = domain.substr(close + 1);
    return rest.empty() || (rest.front() == ':' && is_port(rest.substr(1)));
  }
  if (const auto colon = domain.find(':'); colon != std::string_view::npos) {
    if (!is_port(domain.substr(colon + 1))) return false;
    domain = domain.substr(0, colon);
  }
  while (true) {
    const auto dot = domain.find('.');
    if (!is_host_label(domain.substr(0, dot))) return false;
    if (dot == std::string_view::npos) return true;
    domain.remove_prefix(dot + 1);
  }
}

bool is_digest(std::string_view text) {
  const auto colon = text.find(':');
  if (colon == std::string_view::npos) return false;
  const auto algorithm = text.substr(0, colon);
  const auto hex = text.substr(colon + 1);
  const std::size_t want = algorithm == "sha256" ? 64 : algorithm == "sha384" ? 96 : algorithm == "sha512" ? 128 : 0;
  return want != 0 && hex.size() == want && std::ranges::all_of(hex, is_hex);
}

/// Whether the part of a name before its first slash is a registry's, and not somebody's name on Docker Hub.
bool is_domain_part(std::string_view first) {
  return first.find_first_of(".:[") != std::string_view::npos || first == "localhost" ||
         std::ranges::any_of(first, is_upper);
}

/// Splits `name` (without tag and digest) into domain and path and writes Docker Hub's short forms out.
void split_domain(std::string_view name, ImageReference& out) {
  const auto slash = name.find('/');
  const auto first = name.substr(0, slash);
  const bool has_domain =
      slash != std::string_view::npos && (first.find_first_of(".:[") != std::string_view::npos ||
                                          first == "localhost" || std::ranges::any_of(first, is_upper));
  out.domain = has_domain ? first : kHub;
  out.path = has_domain ? name.substr(slash + 1) : name;
  if (out.domain == "index.docker.io") out.domain = kHub;
  if (out.domain == kHub && out.path.find('/') == std::string::npos) out.path.insert(0, kLibrary);
}

}  // namespace

bool is_image_tag(std::string_view text) {
  if (text.empty() || text.size() > 128 || text.front() == '.' || text.front() == '-') return false;
  return std::ranges::all_of(text, [](char c) { return is_alnum(c) || c == '_' || c == '.' || c == '-'; });
}

base::Result<ImageReference> parse_image_reference(std::string_view text) {
  if (text.size() == 64 && std::ranges::all_of(text, is_hex)) {
    return base::fail(base::ErrorKind::invalid,
                      fmt::format("invalid repository name ({}), cannot specify 64-byte hexadecimal strings", text));
  }
  ImageReference out;
  auto name = text;
  if (const auto at = name.find('@'); at != std::string_view::npos) {
    out.digest = name.substr(at + 1);
    if (!is_digest(out.digest)) return bad();
    name = name.substr(0, at);
  }
  const auto slash = name.rfind('/');
  if (const auto colon = name.rfind(':');
      colon != std::string_view::npos && (slash == std::string_view::npos || colon > slash)) {
    out.tag = name.substr(colon + 1);
    if (!is_image_tag(out.tag)) return bad();
    name = name.substr(0, colon);
  }
  split_domain(name, out);
  if (std::ranges::any_of(out.path, is_upper)) {
    return bad(fmt::format("repository name ({}) must be lowercase", out.path));
  }
  if (!is_domain(out.domain) || !is_path(out.path)) return bad();
  if (out.full_name().size() > kMaxName) {
    return base::fail(base::ErrorKind::invalid, "repository name must not be more than 255 characters");
  }
  return out;
}

std::string ImageReference::familiar_name() const {
  if (domain != kHub) return full_name();
  const std::string_view whole = path;
  const auto slash = whole.find('/');
  // Short forms that would be read as something else stay long: another registry's name, an id.
  if (slash != std::string_view::npos && is_domain_part(whole.substr(0, slash))) return full_name();
  if (!whole.starts_with(kLibrary)) return path;
  const auto rest = whole.substr(kLibrary.size());
  const bool official =
      rest.find('/') == std::string_view::npos && !(rest.size() == 64 && std::ranges::all_of(rest, is_hex));
  return std::string(official ? rest : whole);
}

std::string ImageReference::familiar() const {
  return familiar_name() + (tag.empty() ? "" : ":" + tag) + (digest.empty() ? "" : "@" + digest);
}

std::string ImageReference::familiar_tagged() const {
  return familiar_name() + ":" + (tag.empty() ? "latest" : tag);
}

ImageReference ImageReference::with_default_tag() const {
  auto out = *this;
  if (out.tag.empty() && out.digest.empty()) out.tag = "latest";
  return out;
}

}  // namespace fairlead::wire
