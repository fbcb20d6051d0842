#include "adapters/oci/spec.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <boost/json/serialize.hpp>

#include <cstdlib>
#include <fstream>
#include <iterator>

#include "adapters/oci/log_stream.h"
#include "adapters/oci/runtime_errors.h"

namespace fairlead::oci {
namespace {

using ::testing::HasSubstr;

class Spec : public ::testing::Test {
 protected:
  Spec() {
    launch_.id = *base::ContainerId::parse(std::string(64, 'a'));
    launch_.spec.process.entrypoint = {"/bin/web"};
    launch_.spec.process.cmd = {"--port", "80"};
    launch_.netns_path = "/run/netns/one";
    launch_.hostname = "box";
    input_.launch = &launch_;
    input_.cgroups = {.v2 = true, .controllers = {"cpu", "memory", "pids", "cpuset"}, .swap = true, .cpu_quota = true};
    input_.root_path = "/run/fairlead/x/merged";
    input_.capabilities = {"CAP_CHOWN"};
    input_.binds = {{"/d/hosts", "/etc/hosts", {"rprivate"}}};
  }
  std::string made() {
    const auto spec = make_spec(input_);
    return spec ? boost::json::serialize(*spec) : "error: " + spec.error().text;
  }
  ports::Launch launch_;
  SpecInput input_;
};

/// FAIRLEAD_UPDATE_GOLDEN=1 writes the file anew.
TEST_F(Spec, Golden) {
  const std::string path = std::string(FAIRLEAD_SOURCE_DIR) + "/tests/unit/oci/data/config.json";
  if (std::getenv("FAIRLEAD_UPDATE_GOLDEN") != nullptr) std::ofstream(path) << made() << "\n";
  std::ifstream file(path);
  EXPECT_EQ(made() + "\n", std::string(std::istreambuf_iterator<char>(file), {}));
}

TEST_F(Spec, Privileged) {
  launch_.spec.privileged = true;
  input_.seccomp = boost::json::object{{"defaultAction", "SCMP_ACT_ERRNO"}};
  const auto text = made();
  for (const auto* absent : {"maskedPaths", "readonlyPaths", "seccomp", "\"ro\""})
    EXPECT_THAT(text, ::testing::Not(HasSubstr(absent)));
  EXPECT_THAT(text, HasSubstr(R"({"allow":true,"access":"rwm"})"));
}

TEST_F(Spec, Limits) {
  launch_.spec.resources = {.memory = 1 << 20, .nano_cpus = 1'500'000'000, .pids = 10};
  const auto text = made();
  EXPECT_THAT(text, HasSubstr(R"("memory":{"limit":1048576,"swap":2097152})"));
  EXPECT_THAT(text, HasSubstr(R"("cpu":{"period":100000,"quota":150000})"));
  EXPECT_THAT(text, HasSubstr(R"("pids":{"limit":10})"));
  input_.cgroups.controllers.clear();
  EXPECT_EQ(made(), "error: this host's cgroups have no memory controller, which --memory needs");
}

TEST_F(Spec, Refusals) {
  launch_.spec.process.entrypoint.reset();
  launch_.spec.process.cmd.reset();
  EXPECT_EQ(made(), "error: no command specified");
  launch_.spec.process.cmd = {"x"};
  launch_.own_netns = false;
  launch_.spec.sysctls["net.ipv4.ip_forward"] = "1";
  EXPECT_EQ(made(), "error: sysctl \"net.ipv4.ip_forward\" not allowed in host network namespace");
}

TEST_F(Spec, UsersMountTakesTheSystemsPlace) {
  launch_.spec.tmpfs["/dev/shm"] = "size=1m,exec";
  const auto text = made();
  EXPECT_THAT(
      text,
      HasSubstr(
          R"({"destination":"/dev/shm","type":"tmpfs","source":"tmpfs","options":["nosuid","nodev","size=1m","exec"]})"));
  EXPECT_THAT(text, ::testing::Not(HasSubstr("67108864")));
}

TEST_F(Spec, OnlyRootKeepsCapabilities) {
  input_.user.uid = 5;
  EXPECT_THAT(made(), HasSubstr(R"("capabilities":{"bounding":["CAP_CHOWN"]})"));
}

TEST(Environment, UserLaysOver) {
  EXPECT_THAT(make_environment({"A=1", "PATH=/x", "A=2", "HOSTNAME"}, "box", true, "/root"),
              ::testing::ElementsAre("PATH=/x", "TERM=xterm", "A=2", "HOME=/root"));
}

TEST(RuntimeErrors, WordsOfTheRuntime) {
  EXPECT_EQ(
      runtime_words("time=\"t\" level=warning msg=\"first\"\ntime=\"t\" level=error msg=\"exec: \\\"x\\\": bad\"\n"),
      "exec: \"x\": bad");
  EXPECT_EQ(runtime_words("{\"level\":\"error\",\"msg\":\"json\"}\n\n"), "json");
  EXPECT_EQ(create_error("level=error msg=\"cgroup trouble\"", "runc").kind, base::ErrorKind::internal);
  const auto crun = create_error("executable file `nosuch` not found in $PATH: No such file or directory", "crun");
  EXPECT_EQ(crun.kind, base::ErrorKind::invalid);
  EXPECT_THAT(crun.text, ::testing::HasSubstr("exec: \"nosuch\": executable file not found in $PATH"));
  EXPECT_THAT(create_error("open executable: Permission denied", "crun").text,
              ::testing::HasSubstr("permission denied"));
}

TEST(LogOptions, Sizes) {
  EXPECT_EQ(*log_size_limit({{"max-size", "10m"}}), 10 << 20);
  EXPECT_EQ(*log_size_limit({{"max-size", "5KB"}}), 5 << 10);
  EXPECT_EQ(*log_size_limit({}), 0);
  for (const auto* bad : {"", "m", "-5m", "0", "10x", "99999999999g"})
    EXPECT_FALSE(log_size_limit({{"max-size", bad}})) << bad;
  EXPECT_TRUE(log_driver_known("json-file"));
  EXPECT_FALSE(log_driver_known("syslog"));
}

class LogFile : public ::testing::Test {
 protected:
  void SetUp() override {
    char name[] = "/tmp/fairlead-log-XXXXXX";
    ::close(::mkstemp(name));
    path_ = name;
  }
  void TearDown() override { ::unlink(path_.c_str()); }
  void add(const std::string& text) { std::ofstream(path_, std::ios::app) << text; }
  std::string read(ports::LogStream& stream) {
    std::string all;
    for (auto records = stream.read(); records && !records->empty(); records = stream.read())
      for (const auto& record : *records) all += record.bytes;
    return all;
  }
  std::string tail(std::int64_t lines) { return read(**open_log(path_, {.tail = lines})); }
  std::string path_;
  const std::string at_ = "2026-11-21T09:28:50.5Z stdout ";
};

TEST_F(LogFile, TailCountsLinesOfTheProgram) {
  add(at_ + "F one\n" + at_ + "P tw\n" + at_ + "F o\n" + at_ + "P rest\n");
  EXPECT_EQ(tail(0), "");
  EXPECT_EQ(tail(1), "rest");
  EXPECT_EQ(tail(2), "two\nrest");
  EXPECT_EQ(tail(3), "one\ntwo\nrest");
  EXPECT_EQ(tail(99), "one\ntwo\nrest");
}

TEST_F(LogFile, TailOfLongLinesReadsBackInBlocks) {
  const std::string many(200'000, 'x');
  for (int i = 0; i < 5; ++i) add(at_ + "F " + std::to_string(i) + many + "\n");
  EXPECT_EQ(tail(2), "3" + many + "\n4" + many + "\n");
}

TEST_F(LogFile, FollowGoesOnAndKeepsHalfLines) {
  add(at_ + "F one\n");
  auto stream = open_log(path_, {});
  EXPECT_EQ(read(**stream), "one\n");
  add(at_ + "F tw");
  EXPECT_EQ(read(**stream), "");
  add("o\n");
  EXPECT_EQ(read(**stream), "two\n");
}

TEST_F(LogFile, FollowsAReplacedFile) {
  add(at_ + "F one\n");
  auto stream = open_log(path_, {});
  EXPECT_EQ(read(**stream), "one\n");
  std::ofstream(path_ + ".new") << at_ << "F new\n";
  ASSERT_EQ(::rename((path_ + ".new").c_str(), path_.c_str()), 0);
  EXPECT_EQ(read(**stream), "new\n");
}

TEST_F(LogFile, SinceAndUntil) {
  add("2026-01-01T00:00:01Z stdout F a\n2026-01-01T00:00:02Z stdout F b\n2026-01-01T00:00:03Z stdout F c\n");
  const auto second = ports::parse_rfc3339("2026-01-01T00:00:02Z");
  EXPECT_EQ(read(**open_log(path_, {.since = second})), "b\nc\n");
  EXPECT_EQ(read(**open_log(path_, {.until = second})), "a\nb\n");
}

}  // namespace
}  // namespace fairlead::oci
