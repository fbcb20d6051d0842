#include "cli/check.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <boost/json.hpp>
#include <set>

#include "cli/scratch.h"

namespace fairlead::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

FindProgram only(std::set<std::string> names) {
  return [names = std::move(names)](const std::string& name) -> std::optional<std::string> {
    return names.contains(name) ? std::optional("/bin/" + name) : std::nullopt;
  };
}
Finding named(const std::vector<Finding>& findings, const std::string& name) {
  const auto at = std::ranges::find(findings, name, &Finding::name);
  return at == findings.end() ? Finding{"absent"} : *at;
}

TEST(Report, EssentialMissingFails) {
  const std::vector<Finding> findings{{"a", Verdict::ok}, {"b", Verdict::missing, true, "gone", "apt install b"}};
  EXPECT_EQ(exit_code(findings), 1);
  EXPECT_THAT(as_text(findings), HasSubstr("-> apt install b"));
  EXPECT_THAT(as_text(findings), HasSubstr("1 essential thing(s) missing"));
}

TEST(Report, OptionalMissingAndLimitedPass) {
  const std::vector<Finding> findings{{"a", Verdict::missing, false}, {"b", Verdict::limited, true}};
  EXPECT_EQ(exit_code(findings), 0);
  EXPECT_THAT(as_text(findings), HasSubstr("This host can run fairlead."));
}

TEST(Report, OkNamesNoRemedy) {
  const std::vector<Finding> findings{{"a", Verdict::ok, true, "seen", "do something"}};
  EXPECT_THAT(as_text(findings), Not(HasSubstr("do something")));
  const auto parsed = boost::json::parse(as_json(findings));
  EXPECT_EQ(parsed.at(0).at("verdict").as_string(), "ok");
  EXPECT_EQ(parsed.at(0).at("remedy").as_string(), "");
}

TEST(Programs, NothingInstalled) {
  const auto findings = check_programs(only({}), CgroupLayout::v2);
  EXPECT_EQ(exit_code(findings), 1);
  EXPECT_EQ(named(findings, "conmon").remedy, "apt install conmon");
  EXPECT_EQ(named(findings, "runc").verdict, Verdict::missing);
  EXPECT_EQ(named(findings, "busybox").remedy, "apt install busybox-static");
}

TEST(Programs, CrunStandsInForRuncOnlyOnCgroupV2) {
  const auto find = only({"crun", "conmon"});
  EXPECT_EQ(exit_code(check_programs(find, CgroupLayout::v2)), 0);
  EXPECT_EQ(named(check_programs(find, CgroupLayout::v2), "crun").verdict, Verdict::ok);
  EXPECT_EQ(exit_code(check_programs(find, CgroupLayout::hybrid)), 1);
  EXPECT_EQ(named(check_programs(find, CgroupLayout::hybrid), "crun").verdict, Verdict::limited);
}

TEST(Programs, RuncAndConmonSuffice) {
  EXPECT_EQ(exit_code(check_programs(only({"runc", "conmon"}), CgroupLayout::hybrid)), 0);
}

TEST(Programs, AreFoundWhereTheyAre) {
  EXPECT_TRUE(find_program("sh"));
  EXPECT_FALSE(find_program("nosuch-program"));
  EXPECT_FALSE(find_program("../bin/nosuch"));
}

TEST(Scratch, GivesWhatTheProbeSays) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root";
  EXPECT_EQ(in_scratch([] { return std::string(); }), "");
  EXPECT_EQ(in_scratch([] { return std::string("why"); }), "why");
  EXPECT_THAT(in_scratch([]() -> std::string { ::_exit(3); }), HasSubstr("ended unexpectedly"));
}

// What the probes make is seen by nobody else.
TEST(Kernel, IsTriedWithoutTrace) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root";
  const auto findings = check_kernel();
  EXPECT_NE(named(findings, "bridge").name, "absent");
  EXPECT_NE(named(findings, "nftables").name, "absent");
  EXPECT_NE(::access("/sys/class/net/probe0", F_OK), 0);
  EXPECT_NE(::access("/mnt/merged", F_OK), 0);
}

}  // namespace
}  // namespace fairlead::cli
