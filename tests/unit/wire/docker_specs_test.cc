#include <gmock/gmock.h>

#include "wire/docker_auth.h"
#include "wire/docker_bind_spec.h"
#include "wire/docker_port_spec.h"
#include "wire/docker_publish_spec.h"
#include "wire/docker_signal.h"
#include "wire/docker_time.h"

namespace fairlead::wire {
namespace {

using namespace std::chrono_literals;

TEST(DockerPorts, ReadsPortsAndRanges) {
  EXPECT_EQ(*parse_docker_ports("80"), (DockerPorts{80, 80, "tcp"}));
  EXPECT_EQ(*parse_docker_ports("53/UDP"), (DockerPorts{53, 53, "udp"}));
  EXPECT_EQ(*parse_docker_ports("8000-8010/sctp"), (DockerPorts{8000, 8010, "sctp"}));
  for (const char* bad : {"", "0", "80/", "80/icmp", "65536", "-1", "9-1", "1-2-3", "a/tcp", "80 /tcp", "+80"}) {
    const auto ports = parse_docker_ports(bad);
    ASSERT_FALSE(ports) << bad;
    EXPECT_EQ(ports.error().kind, base::ErrorKind::invalid);
  }
  EXPECT_EQ(parse_docker_ports("x").error().text, "invalid port specification: \"x\"");
}

TEST(DockerPorts, ReadsWhatAnImageExposes) {
  const auto read = read_exposed_ports({"8002-8004/tcp", "http/tcp", "53/UDP", "80", "99999/tcp", "8000-8003", "80/tcp",
                                        "8001/tcp", "9-1/tcp", "80/icmp", "", "54/udp", "65535/tcp"});
  EXPECT_THAT(read.ports, ::testing::ElementsAre("80/tcp", "8000/tcp", "8001/tcp", "8002/tcp", "8003/tcp", "8004/tcp",
                                                 "65535/tcp", "53/udp", "54/udp"));
  EXPECT_THAT(read.unreadable, ::testing::ElementsAre("http/tcp", "99999/tcp", "9-1/tcp", "80/icmp", ""));
  std::vector<std::string> wide;
  for (int first = 1; first <= 20'000; ++first) wide.push_back(std::to_string(first) + "-65535/tcp");
  EXPECT_EQ(read_exposed_ports(wide).ports.size(), 65'535u) << "and at once";
}

TEST(DockerPorts, AnEmptyHostSideAsksForAnyPort) {
  EXPECT_EQ(*parse_docker_host_ports(""), (DockerPorts{0, 0, "tcp"}));
  EXPECT_EQ(*parse_docker_host_ports("0"), (DockerPorts{0, 0, "tcp"}));
  EXPECT_EQ(*parse_docker_host_ports("8000-8005"), (DockerPorts{8000, 8005, "tcp"}));
  EXPECT_FALSE(parse_docker_host_ports("80/tcp"));
}

TEST(DockerPublish, ReadsEveryForm) {
  const auto spec = [](const char* text) { return *parse_docker_publish_spec(text); };
  EXPECT_EQ(spec("80"), (DockerPublishSpec{{}, {0, 0, "tcp"}, {80, 80, "tcp"}}));
  EXPECT_EQ(spec("8080:80/udp"), (DockerPublishSpec{{}, {8080, 8080, "tcp"}, {80, 80, "udp"}}));
  EXPECT_EQ(spec("127.0.0.1:8080:80"), (DockerPublishSpec{base::Ip::parse("127.0.0.1"), {8080, 8080}, {80, 80}}));
  EXPECT_EQ(spec("127.0.0.1::80"), (DockerPublishSpec{base::Ip::parse("127.0.0.1"), {0, 0}, {80, 80}}));
  EXPECT_EQ(spec("[::1]:8080:80"), (DockerPublishSpec{base::Ip::parse("::1"), {8080, 8080}, {80, 80}}));
  EXPECT_EQ(spec("8000-8005:9000-9005"), (DockerPublishSpec{{}, {8000, 8005}, {9000, 9005}}));
  EXPECT_EQ(spec("8000-8010:80"), (DockerPublishSpec{{}, {8000, 8010}, {80, 80}}));
}

TEST(DockerPublish, RefusesTheRest) {
  for (const char* bad :
       {"", ":", "80:", "x:80", "1:2:3", "[::1]80", "[::1", "8000-8001:9000-9002", "0", "127.0.0.1:80:80/icmp"}) {
    const auto spec = parse_docker_publish_spec(bad);
    ASSERT_FALSE(spec) << bad;
    EXPECT_EQ(spec.error().kind, base::ErrorKind::invalid);
  }
  EXPECT_EQ(parse_docker_publish_spec("8000-8001:9000-9002").error().text,
            "invalid publish specification \"8000-8001:9000-9002\": both ranges must have the same size");
}

TEST(DockerBind, TellsPathsFromNames) {
  EXPECT_EQ(
      *parse_docker_bind("/a/../b/:/c//d:ro,rshared,z"),
      (DockerBind{.source = "/b", .target = "/c/d", .read_only = true, .no_copy = false, .options = {"rshared", "z"}}));
  EXPECT_EQ(*parse_docker_bind("vol:/v:nocopy"),
            (DockerBind{.source = "vol", .target = "/v", .no_copy = true, .options = {}}));
  EXPECT_EQ(*parse_docker_bind("/anon"), (DockerBind{.source = "", .target = "/anon", .options = {}}));
}

TEST(DockerBind, RefusesInDockersWords) {
  const auto text = [](const char* spec) { return parse_docker_bind(spec).error().text; };
  EXPECT_EQ(text(":/b"), "invalid volume specification: ':/b'");
  EXPECT_EQ(text("/a:/b:ro:x"), "invalid volume specification: '/a:/b:ro:x'");
  EXPECT_EQ(text("/a:ro"), "invalid volume specification: '/a:ro'");
  EXPECT_EQ(text("/a:/b:ro,rw"), "invalid mode: ro,rw");
  EXPECT_EQ(text("/a:/b:fast"), "invalid mode: fast");
  EXPECT_EQ(text("/a:b"),
            "invalid volume specification: '/a:b': invalid mount config for type \"bind\": invalid mount path: 'b' "
            "mount path must be absolute");
  EXPECT_EQ(text("/a:/.."),
            "invalid volume specification: '/a:/..': invalid mount config for type \"bind\": invalid specification: "
            "destination can't be '/'");
  EXPECT_EQ(text("./x:/b"),
            "create ./x: \"./x\" includes invalid characters for a local volume name, only "
            "\"[a-zA-Z0-9][a-zA-Z0-9_.-]\" are allowed. If "
            "you intended to pass a host directory, use absolute path");
}

TEST(DockerSignal, TakesNumbersAndNames) {
  EXPECT_EQ(parse_signal("15"), 15);
  EXPECT_EQ(parse_signal("term"), 15);
  EXPECT_EQ(parse_signal("SIGKILL"), 9);
  EXPECT_EQ(parse_signal("SIGRTMIN+3"), 37);
  EXPECT_EQ(parse_signal("RTMAX-1"), 63);
  for (const char* bad : {"", "0", "65", "-9", "SIG", "NOPE", "RTMIN+99", "15x"}) {
    ASSERT_FALSE(parse_signal(bad)) << bad;
    EXPECT_EQ(parse_signal(bad).error().text, std::string("invalid signal: ") + bad);
  }
}

TEST(DockerTime, SaysSpansAsDockerDoes) {
  EXPECT_EQ(human_duration(-5s), "Less than a second");
  EXPECT_EQ(human_duration(999ms), "Less than a second");
  EXPECT_EQ(human_duration(1s), "1 second");
  EXPECT_EQ(human_duration(59s), "59 seconds");
  EXPECT_EQ(human_duration(60s), "About a minute");
  EXPECT_EQ(human_duration(3min), "3 minutes");
  EXPECT_EQ(human_duration(61min), "About an hour");
  EXPECT_EQ(human_duration(47h), "47 hours");
  EXPECT_EQ(human_duration(48h), "2 days");
  EXPECT_EQ(human_duration(24h * 15), "2 weeks");
  EXPECT_EQ(human_duration(24h * 70), "2 months");
  EXPECT_EQ(human_duration(24h * 800), "2 years");
}

TEST(DockerTime, ReadsGosDurations) {
  EXPECT_EQ(parse_go_duration("1h30m"), 90min);
  EXPECT_EQ(parse_go_duration("-1.5s"), -1500ms);
  EXPECT_EQ(parse_go_duration("2us3ns"), std::chrono::nanoseconds(2003));
  EXPECT_EQ(parse_go_duration("0"), 0s);
  for (const char* bad : {"", "1", "s", "1d", "1h-1m", "9999999999h", ".s"})
    EXPECT_FALSE(parse_go_duration(bad)) << bad;
}

TEST(DockerTime, ReadsUnixTimes) {
  EXPECT_EQ(parse_unix_time("1700000000.000000123"), 1700000000s + 123ns);
  EXPECT_EQ(parse_unix_time("-1"), -1s);
  for (const char* bad : {"", "1x", "99999999999999999999", "1.2.3"}) EXPECT_FALSE(parse_unix_time(bad)) << bad;
}

TEST(DockerAuth, ReadsBothAlphabets) {
  EXPECT_EQ(decode_registry_auth("eyJ1IjoiPz4ifQ=="), "{\"u\":\"?>\"}");
  EXPECT_EQ(decode_registry_auth("Pz8_"), "???");
  EXPECT_EQ(decode_registry_auth("Pz8/"), "???");
  EXPECT_EQ(decode_registry_auth(""), "");
  EXPECT_FALSE(decode_registry_auth("a"));
  EXPECT_FALSE(decode_registry_auth("a b="));
}

}  // namespace
}  // namespace fairlead::wire
