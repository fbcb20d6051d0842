#include "doors/docker/json_fields.h"

#include <fmt/format.h>

namespace fairlead::docker {
namespace json = boost::json;

namespace {
constexpr int kDeepest = 32;

std::string_view kind_of(const json::value& value) {
  switch (value.kind()) {
    case json::kind::null:
      return "null";
    case json::kind::bool_:
      return "a boolean";
    case json::kind::string:
      return "a string";
    case json::kind::array:
      return "a list";
    case json::kind::object:
      return "an object";
    default:
      return "a number";
  }
}

std::optional<std::int64_t> integer(const json::value& value) {
  if (value.is_int64()) return value.get_int64();
  return std::nullopt;
}
}  // namespace

Fields::Fields(const json::value* value, std::string name, Complaints& complaints)
    : name_(std::move(name)), complaints_(&complaints) {
  if (value == nullptr || value->is_null()) return;
  if (value->is_object()) {
    object_ = &value->get_object();
  } else {
    complaints.add(base::ErrorKind::invalid, fmt::format("invalid JSON: {} must be an object, got {}",
                                                         name_.empty() ? "the body" : name_, kind_of(*value)));
  }
}

const json::value* Fields::find(std::string_view field) const {
  if (object_ == nullptr) return nullptr;
  const json::value* value = object_->if_contains(field);
  return value == nullptr || value->is_null() ? nullptr : value;
}

std::string Fields::called(std::string_view field) const {
  return name_.empty() ? std::string(field) : fmt::format("{}.{}", name_, field);
}

void Fields::wrong(std::string_view field, std::string_view wanted, const json::value& got) const {
  complaints_->add(base::ErrorKind::invalid,
                   fmt::format("invalid JSON: {} must be {}, got {}", called(field), wanted, kind_of(got)));
}

std::string Fields::text(std::string_view field) const {
  const json::value* value = find(field);
  if (value == nullptr) return {};
  if (value->is_string()) return std::string(value->get_string());
  wrong(field, "a string", *value);
  return {};
}

std::optional<bool> Fields::maybe_flag(std::string_view field) const {
  const json::value* value = find(field);
  if (value == nullptr) return std::nullopt;
  if (value->is_bool()) return value->get_bool();
  wrong(field, "a boolean", *value);
  return std::nullopt;
}

bool Fields::flag(std::string_view field, bool otherwise) const {
  return maybe_flag(field).value_or(otherwise);
}

std::optional<std::int64_t> Fields::maybe_number(std::string_view field) const {
  const json::value* value = find(field);
  if (value == nullptr) return std::nullopt;
  if (const auto number = integer(*value)) return number;
  if (value->is_number()) {
    complaints_->add(base::ErrorKind::invalid,
                     fmt::format("invalid JSON: {} must be a whole number of 64 bits", called(field)));
  } else {
    wrong(field, "a number", *value);
  }
  return std::nullopt;
}

std::int64_t Fields::number(std::string_view field, std::int64_t otherwise) const {
  return maybe_number(field).value_or(otherwise);
}

std::vector<std::string> Fields::list(std::string_view field, const json::value& value) const {
  std::vector<std::string> list;
  for (const json::value& item : value.get_array()) {
    if (item.is_string()) {
      list.emplace_back(item.get_string());
    } else {
      wrong(field, "a list of strings", item);
      return {};
    }
  }
  return list;
}

std::optional<std::vector<std::string>> Fields::maybe_texts(std::string_view field) const {
  const json::value* value = find(field);
  if (value == nullptr) return std::nullopt;
  if (value->is_array()) return list(field, *value);
  wrong(field, "a list of strings", *value);
  return std::nullopt;
}

std::vector<std::string> Fields::texts(std::string_view field) const {
  return maybe_texts(field).value_or(std::vector<std::string>{});
}

std::optional<std::vector<std::string>> Fields::text_or_texts(std::string_view field) const {
  const json::value* value = find(field);
  if (value != nullptr && value->is_string()) return std::vector<std::string>{std::string(value->get_string())};
  return maybe_texts(field);
}

std::map<std::string, std::string> Fields::text_map(std::string_view field) const {
  const json::value* value = find(field);
  if (value == nullptr) return {};
  if (!value->is_object()) {
    wrong(field, "an object of strings", *value);
    return {};
  }
  std::map<std::string, std::string> map;
  for (const auto& member : value->get_object()) {
    if (member.value().is_string()) {
      map.emplace(member.key(), member.value().get_string());
    } else if (member.value().is_null()) {
      map.emplace(member.key(), "");
    } else {
      wrong(field, "an object of strings", member.value());
    }
  }
  return map;
}

std::vector<std::string> Fields::names(std::string_view field) const {
  const json::value* value = find(field);
  if (value == nullptr) return {};
  if (!value->is_object()) {
    wrong(field, "an object", *value);
    return {};
  }
  std::vector<std::string> names;
  for (const auto& member : value->get_object()) names.emplace_back(member.key());
  return names;
}

Fields Fields::object(std::string_view field) const {
  return Fields(find(field), called(field), *complaints_);
}

std::vector<Fields> Fields::objects(std::string_view field) const {
  const json::value* value = find(field);
  if (value == nullptr) return {};
  if (!value->is_array()) {
    wrong(field, "a list of objects", *value);
    return {};
  }
  std::vector<Fields> objects;
  for (const json::value& item : value->get_array()) objects.emplace_back(&item, called(field), *complaints_);
  return objects;
}

std::vector<std::pair<std::string, Fields>> Fields::members(std::string_view field) const {
  const json::value* value = find(field);
  if (value == nullptr) return {};
  if (!value->is_object()) {
    wrong(field, "an object", *value);
    return {};
  }
  std::vector<std::pair<std::string, Fields>> members;
  for (const auto& member : value->get_object()) {
    members.emplace_back(member.key(),
                         Fields(&member.value(), called(field) + "." + std::string(member.key()), *complaints_));
  }
  return members;
}

std::vector<std::uint32_t> Fields::numbers(std::string_view field) const {
  const json::value* value = find(field);
  if (value == nullptr) return {};
  std::vector<std::uint32_t> numbers;
  if (value->is_array()) {
    for (const json::value& item : value->get_array()) {
      const auto number = integer(item);
      if (number && *number >= 0 && *number <= UINT32_MAX) {
        numbers.push_back(static_cast<std::uint32_t>(*number));
        continue;
      }
      wrong(field, "a list of whole numbers of 32 bits", item);
      return {};
    }
    return numbers;
  }
  wrong(field, "a list of numbers", *value);
  return {};
}

base::Result<json::value> parse_body(std::string_view body) {
  const auto blank = body.find_first_not_of(" \t\r\n") == std::string_view::npos;
  if (blank) return base::fail(base::ErrorKind::invalid, "invalid JSON: got EOF while reading request body");
  boost::system::error_code failure;
  json::parse_options options;
  options.max_depth = kDeepest;
  json::value value = json::parse(body, failure, {}, options);
  if (failure) return base::fail(base::ErrorKind::invalid, "invalid JSON: " + failure.message());
  if (!value.is_object()) return base::fail(base::ErrorKind::invalid, "invalid JSON: the body must be an object");
  return value;
}

json::value list_or_null(const std::vector<std::string>& list) {
  if (list.empty()) return nullptr;
  return list_of(list);
}

json::array list_of(const std::vector<std::string>& list) {
  json::array array;
  array.reserve(list.size());
  for (const std::string& item : list) array.emplace_back(item);
  return array;
}

json::object object_of(const std::map<std::string, std::string>& map) {
  json::object object;
  for (const auto& [name, value] : map) object.emplace(name, value);
  return object;
}

}  // namespace fairlead::docker
