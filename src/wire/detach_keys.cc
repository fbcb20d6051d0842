#include "wire/detach_keys.h"

#include <fmt/format.h>

#include <optional>

namespace fairlead::wire {
namespace {

std::optional<char> parse_key(std::string_view key) {
  if (key.size() == 1) return key.front();
  if (key.size() != 6 || !key.starts_with("ctrl-")) return std::nullopt;
  const char c = key.back();
  if (c >= 'a' && c <= 'z') return static_cast<char>(c - 'a' + 1);
  switch (c) {
    case '@':
      return '\0';
    case '[':
      return '\x1b';
    case '\\':
      return '\x1c';
    case ']':
      return '\x1d';
    case '^':
      return '\x1e';
    case '_':
      return '\x1f';
    default:
      return std::nullopt;
  }
}

}  // namespace

base::Result<std::string> parse_detach_keys(std::string_view text) {
  if (text.empty()) return std::string("\x10\x11");
  std::string keys;
  for (std::size_t at = 0; at <= text.size();) {
    const auto comma = std::min(text.find(',', at), text.size());
    const auto key = parse_key(text.substr(at, comma - at));
    if (!key) return base::fail(base::ErrorKind::invalid, fmt::format("Invalid detach keys ({}) provided", text));
    keys += *key;
    at = comma + 1;
  }
  return keys;
}

bool DetachWatch::feed(std::string_view input, std::string& out) {
  const std::string_view keys = keys_;
  for (const char c : input) {
    // The longest shorter prefix that still fits is looked for by hand: sequences are a few keys long.
    while (matched_ > 0 && c != keys[matched_]) {
      std::size_t shift = 1;
      while (shift < matched_ && keys.substr(shift, matched_ - shift) != keys.substr(0, matched_ - shift)) ++shift;
      out += keys.substr(0, shift);
      matched_ -= shift;
    }
    if (c != keys[matched_]) {
      out += c;
    } else if (++matched_ == keys.size()) {
      matched_ = 0;
      return true;
    }
  }
  return false;
}

}  // namespace fairlead::wire
