#include "adapters/oci/runtime_process.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include "base/descriptor_limit.h"

namespace fairlead::oci {
namespace {

rlim_t limit_of_open_files() {
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  return limit.rlim_cur;
}

TEST(Process, ChildrenHaveTheLimitOfOpenFilesThatTheDaemonBeganWith) {
  rlimit before{};
  getrlimit(RLIMIT_NOFILE, &before);
  const rlimit low{321, before.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &low), 0);
  base::raise_descriptor_limit();
  EXPECT_EQ(limit_of_open_files(), before.rlim_max);
  // It starts before its limit is set.
  const auto end = run_program({"sh", "-c", "sleep 0.2; ulimit -Sn"}, std::chrono::seconds(5));
  ASSERT_TRUE(end) << end.error().text;
  EXPECT_EQ(end->output, "321\n");
  setrlimit(RLIMIT_NOFILE, &before);
}

}  // namespace
}  // namespace fairlead::oci
