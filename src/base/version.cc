#include "base/version.h"

namespace fairlead::base {

std::string version() {
  return FAIRLEAD_VERSION;
}
std::string git_commit() {
  return FAIRLEAD_COMMIT;
}

}  // namespace fairlead::base
