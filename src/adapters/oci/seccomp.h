#pragma once
#include <boost/json/object.hpp>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "wire/oci_seccomp.h"

namespace fairlead::oci {

/// What the kernel we run on means for filters: architecture, version, and the ABIs it cannot run (asked once).
/// An absent ABI is left out because its rules are a third of what the runtime compiles at each start.
wire::SeccompHost seccomp_host();

/// The default profile, read once and converted once per set of capabilities. Thread-safe.
class SeccompDefaults {
 public:
  /// `path` empty: where Debian's containers-common puts it, else below /etc.
  explicit SeccompDefaults(std::string path) : path_(std::move(path)) {}
  /// Nothing where no profile is installed (one warning is logged): Docker refuses nothing then either.
  /// A profile that is there and cannot be read is an error.
  base::Result<std::optional<boost::json::object>> filter(const std::vector<std::string>& capabilities);

 private:
  base::Result<void> load();

  std::string path_;
  std::mutex mutex_;
  bool loaded_ = false;
  std::optional<wire::SeccompProfile> profile_;
  std::map<std::vector<std::string>, boost::json::object> converted_;
};

/// What `--security-opt seccomp=…` carries: the profile's JSON (the docker client reads the file) or, for other
/// clients, a path. `invalid` where it is neither.
base::Result<boost::json::object> custom_seccomp(const std::string& given,
                                                 const std::vector<std::string>& capabilities);

}  // namespace fairlead::oci
