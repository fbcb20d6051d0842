#include "wire/docker_target.h"

#include <gtest/gtest.h>

namespace fairlead::wire {
namespace {

TEST(DockerTarget, SplitsVersionPathAndQuery) {
  const auto target = parse_docker_target("/v1.41/images/reg:5000%2Fa/json?filters=%7B%22a%22%7D&x=1+2&flag&=&x=3");
  ASSERT_TRUE(target.has_value());
  EXPECT_EQ(target->version, "1.41");
  EXPECT_EQ(target->path, "/images/reg:5000/a/json");
  const std::vector<std::pair<std::string, std::string>> query = {
      {"filters", "{\"a\"}"}, {"x", "1 2"}, {"flag", ""}, {"", ""}, {"x", "3"}};
  EXPECT_EQ(target->query, query);
}

TEST(DockerTarget, TakesAbsoluteFormAndPathsThatOnlyLookVersioned) {
  EXPECT_EQ(parse_docker_target("http://docker/v1.24/_ping")->path, "/_ping");
  EXPECT_EQ(parse_docker_target("http://docker")->path, "/");
  EXPECT_EQ(parse_docker_target("/volumes/v1.2")->version, std::nullopt);
  EXPECT_EQ(parse_docker_target("/a+b")->path, "/a+b");
  EXPECT_EQ(parse_docker_target("/containers/a..b/json")->path, "/containers/a..b/json");
}

TEST(DockerTarget, RefusesWhatNoClientSends) {
  for (const char* bad : {"", "*", "x", "//", "/a//b", "/a/", "/..", "/a/../b", "/./a", "/%2e%2e/a", "/%2E/a", "/%2f",
                          "/%", "/%1", "/%gg", "/%00", "/a%0d%0ab", "/a?b=%zz", "/a?%=1"})
    EXPECT_FALSE(parse_docker_target(bad).has_value()) << bad;
}

TEST(DockerVersion, IsServedInItsRange) {
  EXPECT_EQ(serve_docker_version(std::nullopt), 51);
  EXPECT_EQ(serve_docker_version("1.21"), 21);
  EXPECT_EQ(serve_docker_version("1.51"), 51);
  EXPECT_EQ(serve_docker_version("1.20").error().text,
            "client version 1.20 is too old. Minimum supported API version is 1.24, please upgrade your client to a "
            "newer version");
  EXPECT_EQ(serve_docker_version("2.0").error().text,
            "client version 2.0 is too new. Maximum supported API version is 1.51");
  for (const char* bad : {".", "1.", "1.2.3", "..", "99999999999999", "1.99999999999"})
    EXPECT_EQ(serve_docker_version(bad).error().kind, base::ErrorKind::invalid) << bad;
}

}  // namespace
}  // namespace fairlead::wire
