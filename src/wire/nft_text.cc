#include "wire/nft_text.h"

#include <algorithm>

namespace fairlead::wire {
namespace {

bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}
bool is_name_part(char c) {
  return is_letter(c) || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '/';
}

/// Takes one token off the front: a name, or a single other character. Empty at the end.
std::string_view take_token(std::string_view& text) {
  for (;;) {
    const auto blank = text.find_first_not_of(" \t\r\n");
    text.remove_prefix(std::min(blank, text.size()));
    if (text.empty() || text.front() != '#') break;
    text.remove_prefix(std::min(text.find('\n'), text.size()));
  }
  if (text.empty()) return {};
  std::size_t size = 1;
  if (text.front() == '"') {
    size = std::min(text.find('"', 1), text.size() - 1) + 1;
  } else if (is_letter(text.front())) {
    size = static_cast<std::size_t>(std::ranges::find_if_not(text, is_name_part) - text.begin());
  }
  const auto token = text.substr(0, size);
  text.remove_prefix(size);
  return token;
}

}  // namespace

std::set<std::string> nft_declared_sets(std::string_view table_body) {
  std::set<std::string> names;
  int depth = 0;
  for (auto token = take_token(table_body); !token.empty(); token = take_token(table_body)) {
    if (token == "{") ++depth;
    if (token == "}") --depth;
    if (depth != 0 || (token != "set" && token != "map")) continue;
    if (const auto name = take_token(table_body); is_nft_name(name)) names.emplace(name);
  }
  return names;
}

bool is_nft_name(std::string_view name) {
  return !name.empty() && name.size() <= 255 && is_letter(name.front()) && std::ranges::all_of(name, is_name_part);
}

}  // namespace fairlead::wire
