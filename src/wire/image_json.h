#pragma once
#include <boost/json.hpp>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace fairlead::wire {

/// Parses one JSON text of an image (at most 8 MiB, at most 32 levels deep); `what` names it in the error (`invalid`).
base::Result<boost::json::value> parse_image_json(std::string_view text, std::string_view what);

/// True for `sha256:` and 64 lower-case hex digits, the only digest that image layers and configurations carry here.
bool is_sha256_digest(std::string_view text);

/// Reads typed members of one JSON object. An absent or null member leaves the target as it is; the first member of a
/// wrong type is remembered as the error (`invalid`) and every later read does nothing, so that callers check once.
class ImageFields {
 public:
  /// `where` names the object in errors, for example `image configuration`.
  ImageFields(const boost::json::value& value, std::string where);

  void text(std::string_view key, std::string& out);
  void flag(std::string_view key, bool& out);
  void number(std::string_view key, std::int64_t& out);
  void texts(std::string_view key, std::vector<std::string>& out);
  /// A list of strings, or one string (as old images carry Cmd).
  void words(std::string_view key, std::optional<std::vector<std::string>>& out);
  void text_map(std::string_view key, std::map<std::string, std::string>& out);
  /// The keys of an object whose values say nothing (`{"80/tcp":{}}`).
  void keys(std::string_view key, std::vector<std::string>& out);
  /// A list whose items the caller reads; empty where it is absent.
  boost::json::array list(std::string_view key);
  /// A member object, or null where it is absent.
  const boost::json::value* member(std::string_view key);

  /// Records an error of the caller's own, unless one stands already.
  void wrong(std::string_view key, std::string_view why);
  bool ok() const { return !error_; }
  base::Result<void> result() const;
  /// `value` where every read went well, else the error.
  template <class T>
  base::Result<T> give(T value) const {
    if (error_) return std::unexpected(*error_);
    return value;
  }

 private:
  const boost::json::value* find(std::string_view key) const;

  const boost::json::object* object_ = nullptr;
  std::string where_;
  std::optional<base::Error> error_;
};

}  // namespace fairlead::wire
