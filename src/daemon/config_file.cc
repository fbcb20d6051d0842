#include "daemon/config_file.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <boost/json.hpp>
#include <optional>

namespace fairlead::daemon {
namespace {

namespace json = boost::json;

std::unexpected<base::Error> wrong(std::string why) {
  return base::fail(base::ErrorKind::invalid, std::move(why));
}

std::optional<std::string> scalar(const json::value& value) {
  if (value.is_string()) return std::string(value.get_string());
  if (value.is_bool()) return value.get_bool() ? "true" : "false";
  if (value.is_int64()) return std::to_string(value.get_int64());
  if (value.is_uint64()) return std::to_string(value.get_uint64());
  return std::nullopt;
}

base::Result<Values> list_of(const json::value& value) {
  if (!value.is_array()) return wrong("an array of strings is wanted");
  Values values;
  for (const auto& item : value.get_array()) {
    if (!item.is_string()) return wrong("an array of strings is wanted");
    values.emplace_back(item.get_string());
  }
  return values;
}

base::Result<Values> runtimes_of(const json::value& value) {
  if (!value.is_object()) return wrong("an object as {\"name\": {\"path\": \"/usr/bin/crun\"}} is wanted");
  Values values;
  for (const auto& [name, body] : value.get_object()) {
    const auto* path = body.is_object() ? body.get_object().if_contains("path") : nullptr;
    if (path == nullptr || !path->is_string())
      return wrong(fmt::format("runtime {} has no \"path\"", std::string_view(name)));
    const auto* args = body.get_object().if_contains("runtimeArgs");
    if (args != nullptr && !(args->is_array() && args->get_array().empty())) {
      return wrong(
          fmt::format("runtime {}: runtimeArgs are not served; wrap the runtime in a script", std::string_view(name)));
    }
    values.push_back(fmt::format("{}={}", std::string_view(name), std::string_view(path->get_string())));
  }
  return values;
}

base::Result<Values> pools_of(const json::value& value) {
  constexpr const char* kWanted = "an array as [{\"base\": \"10.10.0.0/16\", \"size\": 24}] is wanted";
  if (!value.is_array()) return wrong(kWanted);
  Values values;
  for (const auto& item : value.get_array()) {
    if (!item.is_object()) return wrong(kWanted);
    const auto* base = item.get_object().if_contains("base");
    const auto* size = item.get_object().if_contains("size");
    if (base == nullptr || !base->is_string() || size == nullptr || !size->is_int64()) return wrong(kWanted);
    values.push_back(fmt::format("base={},size={}", std::string_view(base->get_string()), size->get_int64()));
  }
  return values;
}

base::Result<Values> values_of(Shape shape, const json::value& value) {
  switch (shape) {
    case Shape::flag:
      if (!value.is_bool()) return wrong("true or false is wanted");
      return Values{*scalar(value)};
    case Shape::text:
      if (auto text = scalar(value); text && !value.is_bool()) return Values{*text};
      return wrong("a string or a number is wanted");
    case Shape::list:
      return list_of(value);
    case Shape::runtimes:
      return runtimes_of(value);
    case Shape::pools:
      return pools_of(value);
    case Shape::any:
      return Values{json::serialize(value)};
  }
  return wrong("unknown shape");
}

const OptionRow* row_of(std::string_view key) {
  const auto rows = option_rows();
  const auto at = std::ranges::find_if(rows, [&](const OptionRow& row) { return key == row.key; });
  return key.empty() || at == rows.end() ? nullptr : &*at;
}

}  // namespace

base::Result<std::map<std::string, Values>> parse_config(std::string_view text) {
  std::map<std::string, Values> found;
  if (std::ranges::all_of(text, [](unsigned char c) { return c == ' ' || (c >= '\t' && c <= '\r'); })) return found;
  boost::system::error_code code;
  json::parse_options strict;
  strict.max_depth = 16;
  const auto root = json::parse(text, code, {}, strict);
  if (code) return wrong(fmt::format("not JSON: {}", code.message()));
  if (!root.is_object()) return wrong("not a JSON object");

  std::vector<std::string> unknown;
  for (const auto& [key, value] : root.get_object()) {
    const OptionRow* row = row_of(key);
    if (row == nullptr) {
      unknown.emplace_back(key);
      continue;
    }
    auto values = values_of(row->shape, value);
    if (!values) return wrong(fmt::format("{}: {}", std::string_view(key), values.error().text));
    found[std::string(key)] = std::move(*values);
  }
  if (!unknown.empty()) {
    std::ranges::sort(unknown);
    return wrong(
        fmt::format("the following directives don't match any configuration option: {}", fmt::join(unknown, ", ")));
  }
  return found;
}

}  // namespace fairlead::daemon
