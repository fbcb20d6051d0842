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

}  // namespace

bool is_nft_name(std::string_view name) {
  return !name.empty() && name.size() <= 255 && is_letter(name.front()) && std::ranges::all_of(name, is_name_part);
}

}  // namespace fairlead::wire
