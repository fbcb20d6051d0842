#include "wire/docker_filters.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>

#include "wire/docker_name_pattern.h"

namespace fairlead::wire {
namespace json = boost::json;

namespace {

std::unexpected<base::Error> bad() {
  return base::fail(base::ErrorKind::invalid, "invalid filter");
}

bool add_values(const json::value& value, std::vector<std::string>& values) {
  if (value.is_object()) {
    for (const auto& member : value.get_object()) {
      if (!member.value().is_bool()) return false;
      if (member.value().get_bool()) values.emplace_back(member.key());
    }
    return true;
  }
  if (!value.is_array()) return value.is_null();
  for (const json::value& item : value.get_array()) {
    if (!item.is_string()) return false;
    values.emplace_back(item.get_string());
  }
  return true;
}

bool has_label(const std::map<std::string, std::string>& labels, std::string_view wanted) {
  const auto equals = wanted.find('=');
  const auto found = labels.find(std::string(wanted.substr(0, equals)));
  return found != labels.end() && (equals == std::string_view::npos || found->second == wanted.substr(equals + 1));
}

}  // namespace

base::Result<DockerFilters> DockerFilters::parse(std::string_view text) {
  DockerFilters filters;
  if (text.empty()) return filters;
  boost::system::error_code failure;
  const json::value value = json::parse(text, failure);
  if (failure) return bad();
  if (value.is_null()) return filters;
  if (!value.is_object()) return bad();
  for (const auto& member : value.get_object()) {
    std::vector<std::string> values;
    if (!add_values(member.value(), values)) return bad();
    if (!values.empty()) filters.values_.emplace(member.key(), std::move(values));
  }
  return filters;
}

const std::vector<std::string>& DockerFilters::values(const std::string& name) const {
  static const std::vector<std::string> none;
  const auto found = values_.find(name);
  return found == values_.end() ? none : found->second;
}

bool DockerFilters::matches(const std::string& name, const std::string& candidate) const {
  return !has(name) || std::ranges::find(values(name), candidate) != values(name).end();
}

bool DockerFilters::matches_prefix(const std::string& name, std::string_view candidate) const {
  return !has(name) ||
         std::ranges::any_of(values(name), [&](const auto& value) { return candidate.starts_with(value); });
}

bool DockerFilters::matches_name(const std::string& name, const std::string& candidate) const {
  return !has(name) ||
         std::ranges::any_of(values(name), [&](const auto& value) { return name_matches(value, candidate); });
}

bool DockerFilters::matches_labels(const std::map<std::string, std::string>& labels) const {
  return std::ranges::all_of(values("label"), [&](const auto& wanted) { return has_label(labels, wanted); }) &&
         std::ranges::none_of(values("label!"), [&](const auto& unwanted) { return has_label(labels, unwanted); });
}

base::Result<std::optional<bool>> DockerFilters::truth(const std::string& name) const {
  if (!has(name)) return std::nullopt;
  const auto is = [](const std::string& value, std::initializer_list<std::string_view> words) {
    return std::ranges::find(words, value) != words.end();
  };
  const auto& given = values(name);
  const bool yes = std::ranges::all_of(given, [&](const auto& value) { return is(value, {"1", "true"}); });
  const bool no = std::ranges::all_of(given, [&](const auto& value) { return is(value, {"0", "false"}); });
  if (yes == no) return base::fail(base::ErrorKind::invalid, fmt::format("invalid filter '{}={}'", name, given[0]));
  return yes;
}

base::Result<void> DockerFilters::only(const std::set<std::string>& known) const {
  for (const auto& [name, given] : values_) {
    if (!known.contains(name)) return base::fail(base::ErrorKind::invalid, fmt::format("invalid filter '{}'", name));
  }
  return {};
}

}  // namespace fairlead::wire
