#pragma once
#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/ip.h"

namespace fairlead::ports {

/// What went on the host since it was last asked for.
struct Losses {
  std::set<std::string> links;           ///< deleted, set down, or taken off their bridge, by name
  std::set<std::string> links_back;      ///< made or set up: a loss to nobody, but somebody may have waited for it
  std::map<std::string, bool> carriers;  ///< of links that are up and were spoken of: has it a carrier?
  std::vector<base::Prefix> addresses;   ///< removed from an interface
  std::vector<base::Prefix>
      routes;  ///< of ours, and those to an interface's subnet that the kernel made with its address
  std::set<base::Family> forwarding;  ///< families that the host no longer forwards
  std::set<std::string> tables;       ///< firewall tables from which another program deleted something, or all
  bool overflow = false;              ///< there was more than could be noted: anything may have gone
};

/// Tells of host objects that go, by whomever they were made. Of one namespace; used from one thread.
class Watch {
 public:
  virtual ~Watch() = default;
  /// Readable when `take` may have something to tell; belongs to the watch.
  virtual int fd() const = 0;
  /// Never blocks; empty when what happened was no loss.
  virtual base::Result<Losses> take() = 0;
};

}  // namespace fairlead::ports
