#include "base/error.h"

#include <system_error>

namespace fairlead::base {

std::unexpected<Error> fail_errno(int errno_value, std::string what) {
  return fail(ErrorKind::internal, what + ": " + std::generic_category().message(errno_value));
}

}  // namespace fairlead::base
