#include "base/descriptor_limit.h"

#include <sys/resource.h>

#include <optional>

namespace fairlead::base {
namespace {

std::optional<rlimit> before;

}  // namespace

void raise_descriptor_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= limit.rlim_max) return;
  const rlimit raised{limit.rlim_max, limit.rlim_max};
  if (setrlimit(RLIMIT_NOFILE, &raised) == 0) before = limit;
}

void restore_descriptor_limit(pid_t child) {
  if (before) prlimit(child, RLIMIT_NOFILE, &*before, nullptr);
}

}  // namespace fairlead::base
