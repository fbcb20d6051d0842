#pragma once
#include <string_view>

namespace fairlead::wire {

/// Whether a filter's pattern is found in `name`. The pattern language is the part of regular expressions that people
/// use on names: literals, `.`, `[a-z]`, `\x`, `* + ?`, `|`, `^` and `$`; a pattern beyond it (groups, braces) is taken
/// as plain text. Time grows with the product of both lengths, whatever the pattern: no input can make it slow.
bool name_matches(std::string_view pattern, std::string_view name);

}  // namespace fairlead::wire
