#include "doors/docker/router.h"

#include <algorithm>
#include <span>

namespace fairlead::docker {
namespace {

template <class Text>
std::vector<Text> split_path(std::string_view path) {
  std::vector<Text> segments;
  for (std::size_t at = 1; at < path.size();) {
    const auto slash = std::min(path.find('/', at), path.size());
    segments.emplace_back(path.substr(at, slash - at));
    at = slash + 1;
  }
  return segments;
}

std::string join(std::span<const std::string_view> segments) {
  std::string text;
  for (const auto& segment : segments) {
    if (!text.empty()) text += '/';
    text += segment;
  }
  return text;
}

/// How general a pattern is, segment by segment, so that sorting puts literal ones first.
std::string rank(const std::vector<std::string>& segments) {
  std::string key;
  for (const auto& segment : segments) key += segment == "{*}" ? 'c' : segment == "{}" ? 'b' : 'a';
  return key;
}

bool matches(std::span<const std::string> pattern, std::span<const std::string_view> path,
             std::vector<std::string>& pieces) {
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    if (pattern[i] == "{*}") {
      const auto after = pattern.size() - i - 1;
      if (path.size() < i + 1 + after) return false;
      const auto taken = path.size() - i - after;
      pieces.push_back(join(path.subspan(i, taken)));
      return matches(pattern.subspan(i + 1), path.subspan(i + taken), pieces);
    }
    if (i >= path.size()) return false;
    if (pattern[i] == "{}")
      pieces.emplace_back(path[i]);
    else if (pattern[i] != path[i])
      return false;
  }
  return pattern.size() == path.size();
}

}  // namespace

Router::Router(std::vector<Route> routes) {
  for (auto& route : routes) {
    auto segments = split_path<std::string>(route.pattern);
    auto key = rank(segments);
    const auto at = std::ranges::upper_bound(entries_, key, {}, &Entry::rank);
    entries_.insert(at, Entry{std::move(route), std::move(segments), std::move(key)});
  }
}

Match Router::find(std::string_view method, std::string_view path) const {
  const auto segments = split_path<std::string_view>(path);
  Match match;
  for (const auto& entry : entries_) {
    if (entry.route.method != method) continue;
    match.pieces.clear();
    if (!matches(entry.segments, segments, match.pieces)) continue;
    match.handler = &entry.route.handler;
    return match;
  }
  return {};
}

}  // namespace fairlead::docker
