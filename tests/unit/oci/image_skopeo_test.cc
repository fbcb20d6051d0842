#include "adapters/oci/image_skopeo.h"

#include <gtest/gtest.h>

#include "adapters/oci/image_child.h"

namespace fairlead::oci {
namespace {

TEST(ImageSkopeo, KnowsInsecureRegistries) {
  for (const auto* domain : {"localhost", "localhost:5000", "127.0.0.1:5000", "127.9.9.9", "[::1]:5000"}) {
    EXPECT_TRUE(is_insecure_registry(domain, {})) << domain;
  }
  for (const auto* domain : {"docker.io", "localhost.example", "10.0.0.1:5000", "[2001:db8::1]:5000"}) {
    EXPECT_FALSE(is_insecure_registry(domain, {})) << domain;
  }
  const std::vector<std::string> listed{"reg.example:5000", "plain.example", "10.0.0.0/8", "2001:db8::/32"};
  for (const auto* domain :
       {"reg.example:5000", "plain.example", "plain.example:80", "10.1.2.3:5000", "[2001:db8::1]:5000"}) {
    EXPECT_TRUE(is_insecure_registry(domain, listed)) << domain;
  }
  for (const auto* domain : {"reg.example:5001", "reg.example", "11.1.2.3", "x.plain.example"}) {
    EXPECT_FALSE(is_insecure_registry(domain, listed)) << domain;
  }
}

TEST(ImageSkopeo, WritesCredentialsForOneRegistryOnly) {
  EXPECT_EQ(*auth_file_json("r:1", R"({"username":"u","password":"p","serveraddress":"x"})"),
            R"({"auths":{"r:1":{"auth":"dTpw"}}})");
  EXPECT_EQ(*auth_file_json("r", R"({"identitytoken":"t"})"), R"({"auths":{"r":{"identitytoken":"t"}}})");
  for (const auto* none : {"", "{}", "null", R"({"username":""})"})
    EXPECT_EQ(*auth_file_json("r", none), R"({"auths":{}})");
  EXPECT_EQ(auth_file_json("r", "{").error().kind, base::ErrorKind::invalid);
  EXPECT_EQ(auth_file_json("r", R"({"username":1})").error().kind, base::ErrorKind::invalid);
}

TEST(ImageSkopeo, SaysFailuresInDockersWords) {
  const auto reference = wire::parse_image_reference("localhost:5000/app:1");
  const auto error = [&](const std::string& said) {
    return skopeo_error(
        *reference,
        "noise\ntime=\"x\" level=fatal msg=\"Error parsing image name \\\"docker://a\\\": " + said + "\"\n");
  };
  EXPECT_EQ(error("reading manifest 1 in a: manifest unknown").text,
            "manifest for localhost:5000/app:1 not found: manifest unknown: manifest unknown");
  EXPECT_EQ(error("x: authentication required").kind, base::ErrorKind::not_found);
  EXPECT_EQ(
      error("x: authentication required").text,
      "pull access denied for localhost:5000/app, repository does not exist or may require 'docker login': denied: "
      "requested access to the resource is denied");
  EXPECT_EQ(error("Get \\\"http://a/\\\": connection refused").text, "Get \"http://a/\": connection refused");
  EXPECT_EQ(error("x: connection refused").kind, base::ErrorKind::internal);
  EXPECT_EQ(skopeo_error(*reference, "one\ntwo\n").text, "two");
}

TEST(ImageChild, GivesOutputLinesAndExitCode) {
  std::vector<std::string> lines;
  const auto ran = run_child({"sh", "-c", "echo a; echo b >&2; printf c; exit 3"}, 100, [&](std::string_view line) {
    if (!line.empty()) lines.emplace_back(line);
  });
  ASSERT_TRUE(ran.has_value());
  EXPECT_EQ(ran->exit_code, 3);
  EXPECT_EQ(ran->out, "a\nc");
  EXPECT_EQ(ran->err, "b\n");
  EXPECT_EQ(lines.size(), 2u);
  EXPECT_EQ(run_child({"sh", "-c", "kill -9 $$"}, 100, {})->exit_code, 137);
}

TEST(ImageChild, RefusesMissingProgramsAndFloods) {
  EXPECT_EQ(run_child({"no-such-program-here"}, 100, {}).error().kind, base::ErrorKind::not_found);
  EXPECT_EQ(run_child({"sh", "-c", "while :; do echo y; done"}, 1000, {}).error().kind, base::ErrorKind::invalid);
}

}  // namespace
}  // namespace fairlead::oci
