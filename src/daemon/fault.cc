#include "daemon/fault.h"

#include <csignal>
#include <cstdlib>

namespace fairlead::daemon {

bool fault_armed(std::string_view name) {
  const char* const wanted = std::getenv("FAIRLEAD_FAULT");
  return wanted != nullptr && name == wanted;
}

void fault_point(std::string_view name) {
  if (fault_armed(name)) ::raise(SIGKILL);
}

std::span<const char* const> fault_names() {
  static constexpr const char* names[] = {
      "create-prepared", "create-stored",  "start-stored",   "start-kernel-half", "start-kernel",
      "start-launched",  "start-recorded", "start-released", "exit-seen",         "exit-stored",
      "exit-unwired",    "publish-held",   "publish-stored", "publish-firewall",  "start-firewall",
      "remove-stored",   "remove-cleaned", "boot-stored",    "boot-applied",
  };
  return names;
}

}  // namespace fairlead::daemon
