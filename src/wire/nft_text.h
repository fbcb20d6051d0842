#pragma once
/// The little of the language of nft(8) that we read: which sets a skeleton declares.
#include <set>
#include <string>
#include <string_view>

namespace fairlead::wire {

/// Names after `set` and `map` at the top level of a table's body. Strings and comments are skipped.
std::set<std::string> nft_declared_sets(std::string_view table_body);
/// A name that needs no quoting: a letter, then letters, digits and `_ - . /`, at most 255 bytes.
bool is_nft_name(std::string_view name);

}  // namespace fairlead::wire
