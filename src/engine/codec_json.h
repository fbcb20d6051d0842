#pragma once
/// Values to JSON and back, by the list of fields that each record has in `codec_fields.h`.
#include <boost/json.hpp>
#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <type_traits>
#include <vector>

#include "base/id.h"
#include "base/ip.h"
#include "engine/codec_fields.h"
#include "ports/clock.h"

namespace fairlead::engine::codec {

namespace json = boost::json;

template <class T>
concept Record = requires(T& record) { each_field(record, [](const char*, auto&) {}); };
template <class T>
concept Text = requires(const T& value, std::string_view text) {
  { value.text() } -> std::convertible_to<std::string>;
  { T::parse(text) } -> std::convertible_to<std::optional<T>>;
};
template <class T>
concept Named = std::is_enum_v<T> && requires(T value) { words_of(value); };

template <Record T>
json::value to_json(const T& record);

inline json::value to_json(bool value) {
  return value;
}
inline json::value to_json(const std::string& value) {
  return json::value(value);
}
template <std::integral T>
json::value to_json(T value) {
  if constexpr (std::is_signed_v<T>)
    return json::value(static_cast<std::int64_t>(value));
  else
    return json::value(static_cast<std::uint64_t>(value));
}
inline json::value to_json(const ports::Time& value) {
  return value.time_since_epoch().count();
}
template <Text T>
json::value to_json(const T& value) {
  return json::value(value.text());
}
template <Named T>
json::value to_json(T value) {
  return json::value(words_of(value)[static_cast<std::size_t>(value)]);
}
template <class T>
json::value to_json(const std::optional<T>& value);
template <class T>
json::value to_json(const std::vector<T>& values);
template <class T>
json::value to_json(const std::set<T>& values);
template <class T>
json::value to_json(const std::map<std::string, T>& values);

template <class Values>
json::value to_array(const Values& values) {
  json::array out;
  out.reserve(values.size());
  for (const auto& value : values) out.push_back(to_json(value));
  return out;
}
template <class T>
json::value to_json(const std::optional<T>& value) {
  return value ? to_json(*value) : json::value(nullptr);
}
template <class T>
json::value to_json(const std::vector<T>& values) {
  return to_array(values);
}
template <class T>
json::value to_json(const std::set<T>& values) {
  return to_array(values);
}
template <class T>
json::value to_json(const std::map<std::string, T>& values) {
  json::object out;
  for (const auto& [key, value] : values) out.emplace(key, to_json(value));
  return out;
}
template <Record T>
json::value to_json(const T& record) {
  json::object out;
  each_field(record, [&](const char* name, const auto& field) { out.emplace(name, to_json(field)); });
  return out;
}

/// Each puts what it reads into `out` and says whether it was of the right kind.
template <Record T>
bool from_json(const json::value& in, T& out);

inline bool from_json(const json::value& in, bool& out) {
  const auto* value = in.if_bool();
  if (value) out = *value;
  return value != nullptr;
}
inline bool from_json(const json::value& in, std::string& out) {
  const auto* value = in.if_string();
  if (value) out.assign(value->data(), value->size());
  return value != nullptr;
}
template <std::integral T>
bool from_json(const json::value& in, T& out) {
  boost::system::error_code wrong;
  const auto value = in.to_number<T>(wrong);
  if (!wrong) out = value;
  return !wrong;
}
inline bool from_json(const json::value& in, ports::Time& out) {
  std::int64_t nanoseconds = 0;
  if (!from_json(in, nanoseconds)) return false;
  out = ports::Time(std::chrono::nanoseconds(nanoseconds));
  return true;
}
template <Text T>
bool from_json(const json::value& in, T& out) {
  const auto* text = in.if_string();
  if (!text) return false;
  const auto value = T::parse(std::string_view(text->data(), text->size()));
  if (value) out = *value;
  // A record may hold an id or an address that is not set.
  else if (text->empty())
    out = T{};
  return value || text->empty();
}
template <Named T>
bool from_json(const json::value& in, T& out) {
  const auto* text = in.if_string();
  const auto& words = words_of(out);
  for (std::size_t i = 0; text && i < words.size(); ++i) {
    if (*text != words[i]) continue;
    out = static_cast<T>(i);
    return true;
  }
  return false;
}
template <class T>
bool from_json(const json::value& in, std::optional<T>& out);
template <class T>
bool from_json(const json::value& in, std::vector<T>& out);
template <class T>
bool from_json(const json::value& in, std::set<T>& out);
template <class T>
bool from_json(const json::value& in, std::map<std::string, T>& out);

template <class T>
bool from_json(const json::value& in, std::optional<T>& out) {
  out.reset();
  return in.is_null() || from_json(in, out.emplace());
}
template <class T>
bool from_json(const json::value& in, std::vector<T>& out) {
  const auto* values = in.if_array();
  if (!values) return false;
  out.assign(values->size(), T{});
  for (std::size_t i = 0; i < out.size(); ++i) {
    if (!from_json((*values)[i], out[i])) return false;
  }
  return true;
}
template <class T>
bool from_json(const json::value& in, std::set<T>& out) {
  std::vector<T> values;
  if (!from_json(in, values)) return false;
  out = {values.begin(), values.end()};
  return true;
}
template <class T>
bool from_json(const json::value& in, std::map<std::string, T>& out) {
  const auto* values = in.if_object();
  if (!values) return false;
  out.clear();
  for (const auto& entry : *values) {
    if (!from_json(entry.value(), out[std::string(entry.key())])) return false;
  }
  return true;
}
/// A field that is missing keeps its default: records of older versions stay readable.
template <Record T>
bool from_json(const json::value& in, T& out) {
  const auto* fields = in.if_object();
  bool good = fields != nullptr;
  if (good) {
    each_field(out, [&](const char* name, auto& field) {
      const auto* value = fields->if_contains(name);
      if (good && value) good = from_json(*value, field);
    });
  }
  return good;
}

}  // namespace fairlead::engine::codec
