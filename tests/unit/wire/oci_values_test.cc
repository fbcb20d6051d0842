#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <boost/json/serialize.hpp>

#include "wire/oci_capabilities.h"
#include "wire/oci_log.h"
#include "wire/oci_seccomp.h"
#include "wire/oci_user.h"

namespace fairlead::wire {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

constexpr std::uint64_t kAll = (1ULL << 41) - 1;
constexpr std::string_view kPasswd = "root:x:0:0:root:/root:/bin/sh\nbroken\nweb:x:101:102::/home/web:/bin/sh\n";
constexpr std::string_view kGroup = "root:x:0:\nweb:x:102:\nextra:x:200:web,other\naudio:x:29:\n";

TEST(Capabilities, DefaultsAreDockersFourteen) {
  EXPECT_THAT(*container_capabilities({}, kAll), SizeIs(14));
}

TEST(Capabilities, DropAllAddOne) {
  EXPECT_THAT(*container_capabilities({.add = {"net_admin"}, .drop = {"ALL"}}, kAll), ElementsAre("CAP_NET_ADMIN"));
}

TEST(Capabilities, AddAllDropOne) {
  const auto made = *container_capabilities({.add = {"ALL"}, .drop = {"CAP_SYS_ADMIN"}}, kAll);
  EXPECT_THAT(made, SizeIs(40));
  EXPECT_THAT(made, Not(Contains("CAP_SYS_ADMIN")));
}

TEST(Capabilities, PrivilegedTakesWhatThereIs) {
  EXPECT_THAT(*container_capabilities({.privileged = true}, 0x7), SizeIs(3));
}

TEST(Capabilities, UnknownAndUnavailable) {
  EXPECT_EQ(container_capabilities({.add = {"foo"}}, kAll).error().text,
            "invalid CapAdd: unknown capability: \"CAP_FOO\"");
  EXPECT_EQ(container_capabilities({.add = {"SYS_RESOURCE"}}, kAll & ~(1ULL << 24)).error().kind,
            base::ErrorKind::invalid);
}

TEST(User, ByNameTakesGroupsAndHome) {
  EXPECT_EQ(*resolve_user("web", {}, kPasswd, kGroup), (ProcessUser{101, 102, {200}, "/home/web"}));
}
TEST(User, NothingAskedIsRoot) {
  EXPECT_EQ(*resolve_user("", {}, kPasswd, kGroup), (ProcessUser{0, 0, {}, "/root"}));
}
TEST(User, NothingAskedWithoutFiles) {
  EXPECT_EQ(*resolve_user("", {}, "", ""), (ProcessUser{0, 0, {}, "/"}));
}
TEST(User, ByNumberWithGroup) {
  EXPECT_EQ(*resolve_user("1000:audio", {"12"}, kPasswd, kGroup), (ProcessUser{1000, 29, {12}, "/"}));
}
TEST(User, Unknown) {
  EXPECT_EQ(resolve_user("nobody", {}, kPasswd, kGroup).error().text,
            "unable to find user nobody: no matching entries in passwd file");
  EXPECT_EQ(resolve_user("web:nogroup", {}, kPasswd, kGroup).error().text,
            "unable to find group nogroup: no matching entries in group file");
  EXPECT_EQ(resolve_user("4294967296", {}, kPasswd, kGroup).error().text,
            "uids and gids must be in range 0-2147483647");
}

TEST(LogLine, PartialAndFull) {
  const auto full = parse_log_line("2026-11-21T09:28:50.239847883+01:00 stderr F a b");
  ASSERT_TRUE(full);
  EXPECT_TRUE(full->is_stderr);
  EXPECT_FALSE(full->partial);
  EXPECT_EQ(full->text, "a b");
  EXPECT_EQ(full->at.time_since_epoch().count() % 1'000'000'000, 239847883);
  EXPECT_EQ(full->at, parse_log_line("2026-11-21T08:28:50.239847883Z stdout P ")->at);
  EXPECT_TRUE(parse_log_line("2026-11-21T08:28:50Z stdout P ")->partial);
}

TEST(LogLine, Malformed) {
  for (const auto* line :
       {"", "x", "2026-13-21T08:28:50Z stdout F a", "2026-11-21T08:28:50Z stdin F a", "2026-11-21T08:28:50Z stdout X a",
        "2026-11-21T08:28:50 stdout F a", "9999-11-21T08:28:50Z stdout F a"})
    EXPECT_FALSE(parse_log_line(line)) << line;
}

constexpr std::string_view kProfile = R"({"defaultAction":"SCMP_ACT_ERRNO","defaultErrnoRet":38,
 "archMap":[{"architecture":"SCMP_ARCH_X86_64","subArchitectures":["SCMP_ARCH_X86","SCMP_ARCH_X32"]},{"architecture":"SCMP_ARCH_AARCH64"}],
 "syscalls":[{"names":["read"],"action":"SCMP_ACT_ALLOW","args":null},
  {"names":["mount"],"action":"SCMP_ACT_ALLOW","includes":{"caps":["CAP_SYS_ADMIN"]}},
  {"names":["mount"],"action":"SCMP_ACT_ERRNO","errnoRet":1,"excludes":{"caps":["CAP_SYS_ADMIN"]}},
  {"names":["arm_only"],"action":"SCMP_ACT_ALLOW","includes":{"arches":["arm64"]}},
  {"names":["ptrace"],"action":"SCMP_ACT_ALLOW","includes":{"minKernel":"4.8"}}]})";

TEST(Seccomp, ConvertsForTheContainer) {
  const auto profile = parse_seccomp_profile(kProfile);
  ASSERT_TRUE(profile) << profile.error().text;
  EXPECT_EQ(
      boost::json::serialize(oci_seccomp(*profile, {.kernel = {4, 4}, .absent_abis = {"SCMP_ARCH_X32"}}, {})),
      R"({"defaultAction":"SCMP_ACT_ERRNO","defaultErrnoRet":38,"architectures":["SCMP_ARCH_X86_64","SCMP_ARCH_X86"],"syscalls":[)"
      R"({"names":["read"],"action":"SCMP_ACT_ALLOW"},{"names":["mount"],"action":"SCMP_ACT_ERRNO","errnoRet":1}]})");
  const auto admin =
      boost::json::serialize(oci_seccomp(*profile, {.arch = "arm64", .kernel = {6, 1}}, {"CAP_SYS_ADMIN"}));
  EXPECT_EQ(
      admin,
      R"({"defaultAction":"SCMP_ACT_ERRNO","defaultErrnoRet":38,"architectures":["SCMP_ARCH_AARCH64"],"syscalls":[)"
      R"({"names":["read"],"action":"SCMP_ACT_ALLOW"},{"names":["mount"],"action":"SCMP_ACT_ALLOW"},)"
      R"({"names":["arm_only"],"action":"SCMP_ACT_ALLOW"},{"names":["ptrace"],"action":"SCMP_ACT_ALLOW"}]})");
}

TEST(Seccomp, Malformed) {
  for (const auto* text : {"", "[]", "{}", R"({"defaultAction":1})", R"({"defaultAction":"A","syscalls":[1]})",
                           R"({"defaultAction":"A","syscalls":[{"names":["x"]}]})",
                           R"({"defaultAction":"A","archMap":[{"architecture":1}]})",
                           R"({"defaultAction":"A","architectures":["x"],"archMap":[]})"})
    EXPECT_FALSE(parse_seccomp_profile(text)) << text;
}

}  // namespace
}  // namespace fairlead::wire
