#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "base/error.h"

namespace fairlead::wire {

/// What `--cap-add`, `--cap-drop` and `--privileged` ask for.
struct CapabilityRequest {
  bool privileged = false;
  std::vector<std::string> add, drop;  ///< with or without `CAP_`, any case; `ALL`
};

/// The capabilities of a container, `CAP_…` in the kernel's order. Starts from Docker's fourteen.
/// `available`: the mask that may be given (CapBnd of proc(5)). Unknown or unavailable names are `invalid`, in Docker's
/// words.
base::Result<std::vector<std::string>> container_capabilities(const CapabilityRequest& request,
                                                              std::uint64_t available);

}  // namespace fairlead::wire
