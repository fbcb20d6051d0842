#pragma once
#include <boost/json/object.hpp>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"

namespace fairlead::wire {

/// A seccomp profile in Docker's format (docs.docker.com/engine/security/seccomp), checked in shape.
struct SeccompProfile {
  boost::json::object body;
};

/// What the rules of a profile depend on.
struct SeccompHost {
  std::string arch = "amd64";         ///< Go's word for the machine
  std::pair<int, int> kernel{5, 0};   ///< major, minor, for `minKernel`
  std::set<std::string> absent_abis;  ///< `SCMP_ARCH_…` that this kernel cannot run; left out of the filter
};

/// Reads a profile; what is malformed is `invalid`.
base::Result<SeccompProfile> parse_seccomp_profile(std::string_view text);

/// The `linux.seccomp` object of the OCI runtime specification for a container with these capabilities.
boost::json::object oci_seccomp(const SeccompProfile& profile, const SeccompHost& host,
                                const std::vector<std::string>& capabilities);

}  // namespace fairlead::wire
