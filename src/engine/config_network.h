#pragma once
/// Networks that hold nothing but answers for others: `--config-only` and `--config-from`.
#include "base/error.h"
#include "engine/command.h"
#include "engine/state.h"

namespace fairlead::engine {

/// 403 where a configuration network is asked for more than configuration, and where a network that takes its
/// configuration from one brings some of its own; Docker's words.
base::Result<void> check_configuration(const CreateNetwork& command);

/// The command with what the network named by `config_from` says: families, subnets, options and labels. 404
/// `configuration network "N" not found`, 403 when it is none.
base::Result<CreateNetwork> take_configuration(const State& state, const CreateNetwork& command);

/// The names of networks that were made by this one.
std::vector<std::string> made_by(const State& state, const Network& network);

}  // namespace fairlead::engine
