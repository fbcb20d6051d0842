#include "wire/image_json.h"

#include <fmt/format.h>

namespace fairlead::wire {

namespace json = boost::json;

namespace {

constexpr std::size_t kMaxJsonBytes = 8u << 20;
constexpr std::size_t kMaxDepth = 32;

std::string plain(const json::string& text) {
  return {text.data(), text.size()};
}

/// The strings of an array, or nothing where one item is no string.
std::optional<std::vector<std::string>> strings_of(const json::value& value) {
  const auto* array = value.if_array();
  if (!array) return std::nullopt;
  std::vector<std::string> out;
  out.reserve(array->size());
  for (const auto& item : *array) {
    if (!item.is_string()) return std::nullopt;
    out.push_back(plain(item.get_string()));
  }
  return out;
}

}  // namespace

base::Result<json::value> parse_image_json(std::string_view text, std::string_view what) {
  if (text.size() > kMaxJsonBytes) return base::fail(base::ErrorKind::invalid, fmt::format("{} is too large", what));
  json::parse_options options;
  options.max_depth = kMaxDepth;
  boost::system::error_code wrong;
  try {
    auto value = json::parse(text, wrong, {}, options);
    if (!wrong) return value;
  } catch (const std::exception& e) {
    return base::fail(base::ErrorKind::invalid, fmt::format("{} cannot be read: {}", what, e.what()));
  }
  return base::fail(base::ErrorKind::invalid, fmt::format("{} is not valid JSON: {}", what, wrong.message()));
}

bool is_sha256_digest(std::string_view text) {
  return text.starts_with("sha256:") && text.size() == 71 &&
         text.find_first_not_of("0123456789abcdef", 7) == std::string_view::npos;
}

ImageFields::ImageFields(const json::value& value, std::string where)
    : object_(value.if_object()), where_(std::move(where)) {
  if (!object_) error_ = base::Error{base::ErrorKind::invalid, fmt::format("{} is not a JSON object", where_), {}};
}

const json::value* ImageFields::find(std::string_view key) const {
  if (error_) return nullptr;
  const auto* value = object_->if_contains(key);
  return value && !value->is_null() ? value : nullptr;
}

void ImageFields::wrong(std::string_view key, std::string_view why) {
  if (!error_) error_ = base::Error{base::ErrorKind::invalid, fmt::format("{}: {} {}", where_, key, why), {}};
}

base::Result<void> ImageFields::result() const {
  if (error_) return std::unexpected(*error_);
  return {};
}

void ImageFields::text(std::string_view key, std::string& out) {
  const auto* value = find(key);
  if (!value) return;
  if (!value->is_string()) return wrong(key, "is not a string");
  out = plain(value->get_string());
}

void ImageFields::flag(std::string_view key, bool& out) {
  const auto* value = find(key);
  if (!value) return;
  if (!value->is_bool()) return wrong(key, "is not true or false");
  out = value->get_bool();
}

void ImageFields::number(std::string_view key, std::int64_t& out) {
  const auto* value = find(key);
  if (!value) return;
  boost::system::error_code inexact;
  const auto number = value->is_number() ? value->to_number<std::int64_t>(inexact) : 0;
  if (!value->is_number() || inexact) return wrong(key, "is not a whole number");
  out = number;
}

void ImageFields::texts(std::string_view key, std::vector<std::string>& out) {
  const auto* value = find(key);
  if (!value) return;
  auto strings = strings_of(*value);
  if (!strings) return wrong(key, "is not a list of strings");
  out = std::move(*strings);
}

void ImageFields::words(std::string_view key, std::optional<std::vector<std::string>>& out) {
  const auto* value = find(key);
  if (!value) return;
  if (const auto* one = value->if_string()) {
    out = std::vector<std::string>{plain(*one)};
    return;
  }
  auto strings = strings_of(*value);
  if (!strings) return wrong(key, "is not a list of strings");
  out = std::move(strings);
}

void ImageFields::text_map(std::string_view key, std::map<std::string, std::string>& out) {
  const auto* value = find(key);
  if (!value) return;
  const auto* object = value->if_object();
  if (!object) return wrong(key, "is not an object");
  for (const auto& [name, item] : *object) {
    if (!item.is_string()) return wrong(key, "holds something that is not a string");
    out[std::string(name)] = plain(item.get_string());
  }
}

void ImageFields::keys(std::string_view key, std::vector<std::string>& out) {
  const auto* value = find(key);
  if (!value) return;
  const auto* object = value->if_object();
  if (!object) return wrong(key, "is not an object");
  for (const auto& item : *object) out.emplace_back(item.key());
}

json::array ImageFields::list(std::string_view key) {
  const auto* value = find(key);
  if (!value) return {};
  if (const auto* array = value->if_array()) return *array;
  wrong(key, "is not a list");
  return {};
}

const json::value* ImageFields::member(std::string_view key) {
  const auto* value = find(key);
  if (!value) return nullptr;
  if (value->is_object()) return value;
  wrong(key, "is not an object");
  return nullptr;
}

}  // namespace fairlead::wire
