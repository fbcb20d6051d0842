#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "base/error.h"

namespace fairlead::linuxnet {

/// A table's sets, chains and rules as the kernel shows them: messages that `wire::put_nft_replay` turns into requests.
using CompiledTable = std::vector<std::vector<std::uint8_t>>;

/// Lets libnftables and the kernel make a table (family inet) of that body in a network namespace of its own, which
/// goes at once, and reads what came of it. Errors are those of the body.
base::Result<CompiledTable> compile_table(const std::string& table, const std::string& body);

}  // namespace fairlead::linuxnet
