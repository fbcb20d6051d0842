#pragma once
#include <functional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/id.h"
#include "engine/state.h"

namespace fairlead::engine {

/// Docker's rule for names: `[a-zA-Z0-9][a-zA-Z0-9_.-]+`.
bool is_valid_name(std::string_view name);
/// A name that nobody has: the wanted one without its leading slash, or one made up as adjective_noun when it is empty.
/// 400 when malformed, 409 when it belongs to another container than `self`.
base::Result<std::string> settle_name(const State& state, std::string wanted, const ContainerId& self,
                                      const std::function<base::Entropy()>& entropy);

}  // namespace fairlead::engine
