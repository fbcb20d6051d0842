#pragma once
/// The rules by family of commands; `decide` picks one. Each is pure and refuses before anything is changed.
#include "engine/decide.h"

namespace fairlead::engine {

base::Result<Decision> decide_one(const State& state, const BootHost& command, const Facts& facts);
base::Result<Decision> decide_one(const State& state, const ParentsSeen& command, const Facts& facts);
base::Result<Decision> decide_one(const State& state, const CreateNetwork& command, const Facts& facts);
base::Result<Decision> decide_one(const State& state, const RemoveNetwork& command, const Facts& facts);
base::Result<Decision> decide_one(const State& state, const Connect& command, const Facts& facts);
base::Result<Decision> decide_one(const State& state, const Disconnect& command, const Facts& facts);
base::Result<Decision> decide_one(const State& state, const CreateContainer& command, const Facts& facts);
base::Result<Decision> decide_one(const State& state, const StartContainer& command, const Facts& facts);
base::Result<Decision> decide_one(const State& state, const ContainerStarted& command, const Facts& facts);
base::Result<Decision> decide_one(const State& state, const StartFailed& command, const Facts& facts);
base::Result<Decision> decide_one(const State& state, const ContainerExited& command, const Facts& facts);
base::Result<Decision> decide_one(const State& state, const StopAsked& command, const Facts& facts);
base::Result<Decision> decide_one(const State& state, const RenameContainer& command, const Facts& facts);
base::Result<Decision> decide_one(const State& state, const RemoveContainer& command, const Facts& facts);
base::Result<Decision> decide_one(const State& state, const VolumesMade& command, const Facts& facts);
base::Result<Decision> decide_one(const State& state, const ChangePorts& command, const Facts& facts);

/// The container, or Docker's 404.
base::Result<Shared<Container>> known_container(const State& state, const ContainerId& id);

}  // namespace fairlead::engine
