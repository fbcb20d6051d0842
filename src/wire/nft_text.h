#pragma once
/// The little of the language of nft(8) that we know.
#include <string_view>

namespace fairlead::wire {

/// A name that needs no quoting: a letter, then letters, digits and `_ - . /`, at most 255 bytes.
bool is_nft_name(std::string_view name);

}  // namespace fairlead::wire
