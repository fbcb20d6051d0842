#pragma once
#include <boost/json.hpp>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace fairlead::docker {

/// The first complaint about a request's body; later ones are dropped.
class Complaints {
 public:
  void add(base::Error error) {
    if (!first_) first_ = std::move(error);
  }
  void add(base::ErrorKind kind, std::string text) { add(base::Error{kind, std::move(text), {}}); }
  const std::optional<base::Error>& first() const { return first_; }

 private:
  std::optional<base::Error> first_;
};

/// Typed reading of one JSON object. A field that is absent or null gives the empty value, one of another type
/// complains by its name and gives the empty value; unknown fields are ignored, as Docker's clients expect.
class Fields {
 public:
  /// `value` may be null or absent (nullptr): every field is then empty. `name` is how complaints call it.
  Fields(const boost::json::value* value, std::string name, Complaints& complaints);

  bool has(std::string_view field) const { return find(field) != nullptr; }
  std::string text(std::string_view field) const;
  bool flag(std::string_view field, bool otherwise = false) const;
  std::optional<bool> maybe_flag(std::string_view field) const;
  std::int64_t number(std::string_view field, std::int64_t otherwise = 0) const;
  std::optional<std::int64_t> maybe_number(std::string_view field) const;
  std::vector<std::string> texts(std::string_view field) const;
  std::optional<std::vector<std::string>> maybe_texts(std::string_view field) const;
  /// A list of strings, or one string that stands for a list of one (Cmd, Entrypoint).
  std::optional<std::vector<std::string>> text_or_texts(std::string_view field) const;
  /// An object of strings; a null value in it is the empty string.
  std::map<std::string, std::string> text_map(std::string_view field) const;
  /// The names of an object's fields, whose values do not matter (`{"80/tcp": {}}`).
  std::vector<std::string> names(std::string_view field) const;
  Fields object(std::string_view field) const;
  std::vector<Fields> objects(std::string_view field) const;
  /// An object's members as objects.
  std::vector<std::pair<std::string, Fields>> members(std::string_view field) const;
  /// A list of numbers, all within 32 bits without sign.
  std::vector<std::uint32_t> numbers(std::string_view field) const;
  /// The raw value, or null.
  const boost::json::value* find(std::string_view field) const;

  Complaints& complaints() const { return *complaints_; }

 private:
  std::string called(std::string_view field) const;
  void wrong(std::string_view field, std::string_view wanted, const boost::json::value& got) const;
  std::vector<std::string> list(std::string_view field, const boost::json::value& value) const;

  const boost::json::object* object_ = nullptr;
  std::string name_;
  Complaints* complaints_;
};

/// Parses a request's body. An empty one is an `invalid` error, as is anything that is not one JSON object.
base::Result<boost::json::value> parse_body(std::string_view body);

/// A list as JSON; an empty one is `null` where Docker's unset lists are.
boost::json::value list_or_null(const std::vector<std::string>& list);
boost::json::array list_of(const std::vector<std::string>& list);
boost::json::object object_of(const std::map<std::string, std::string>& map);

}  // namespace fairlead::docker
