#pragma once
#include <optional>
#include <string>
#include <string_view>

namespace fairlead::wire {

/// The JSON of a client's `X-Registry-Auth` header: base64 in the URL's alphabet (RFC 4648 §5), with or without
/// padding; the standard alphabet is taken as well. Nothing when it is neither.
std::optional<std::string> decode_registry_auth(std::string_view header);

}  // namespace fairlead::wire
