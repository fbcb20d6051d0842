#include "ports/plan.h"

namespace fairlead::ports {

std::string describe(const Step& step) {
  if (!step.before && !step.after) return "nothing";
  const char* sign = !step.before ? "+ " : !step.after ? "- " : "~ ";
  return sign + describe(step.subject());
}

}  // namespace fairlead::ports
