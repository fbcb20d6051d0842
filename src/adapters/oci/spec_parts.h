#pragma once
/// The parts that `make_spec` puts together. Each is pure.
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include "adapters/oci/spec.h"

namespace fairlead::oci {

/// Docker's mounts, those of the user, tmpfs; parents before children.
base::Result<boost::json::array> spec_mounts(const SpecInput& input);
/// `linux.resources`: device rights and limits.
base::Result<boost::json::object> spec_resources(const SpecInput& input);
/// `linux.namespaces`.
boost::json::array spec_namespaces(const SpecInput& input);
/// `linux.sysctl`; `invalid` for `net.*` without a network namespace of its own.
base::Result<boost::json::object> spec_sysctls(const ports::Launch& launch);

boost::json::array strings(const std::vector<std::string>& list);

}  // namespace fairlead::oci
