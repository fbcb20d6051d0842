#include "wire/image_reference.h"

#include <gtest/gtest.h>

namespace fairlead::wire {
namespace {

const std::string kDigest = "sha256:" + std::string(64, 'a');

TEST(ImageReference, WritesShortNamesOut) {
  const auto plain = parse_image_reference("busybox");
  ASSERT_TRUE(plain.has_value());
  EXPECT_EQ(*plain, (ImageReference{"docker.io", "library/busybox", "", ""}));
  EXPECT_EQ(plain->familiar_tagged(), "busybox:latest");
  EXPECT_EQ(plain->with_default_tag().tag, "latest");
}

TEST(ImageReference, KeepsFamiliarNames) {
  const std::pair<std::string, std::string> cases[] = {
      {"busybox:1.36", "busybox:1.36"},
      {"docker.io/library/busybox", "busybox"},
      {"index.docker.io/busybox", "busybox"},
      {"user/app", "user/app"},
      {"docker.io/user/app:2", "user/app:2"},
      {"docker.io/library/a/b", "library/a/b"},
      {"docker.io/a.b/c", "docker.io/a.b/c"},
      {"docker.io/library/" + std::string(64, 'a'), "library/" + std::string(64, 'a')},
      {"localhost/app", "localhost/app"},
      {"localhost:5000/app:v1", "localhost:5000/app:v1"},
      {"127.0.0.1:5000/a/b-c__d.e", "127.0.0.1:5000/a/b-c__d.e"},
      {"[::1]:5000/app", "[::1]:5000/app"},
      {"ghcr.io/x/y@" + kDigest, "ghcr.io/x/y@" + kDigest},
      {"a:b@" + kDigest, "a:b@" + kDigest},
      {"Host/app", "Host/app"},
  };
  for (const auto& [text, familiar] : cases) {
    const auto parsed = parse_image_reference(text);
    ASSERT_TRUE(parsed.has_value()) << text;
    EXPECT_EQ(parsed->familiar(), familiar) << text;
    EXPECT_EQ(*parse_image_reference(parsed->familiar()), *parsed) << text;
  }
}

TEST(ImageReference, RefusesInDockersWords) {
  const std::string bad[] = {"",
                             ":",
                             "a:",
                             "/a",
                             "a/",
                             "a//b",
                             "-a",
                             "a-",
                             "a..b",
                             "a_-b",
                             "a b",
                             "a\nb",
                             "../a",
                             "a/../b",
                             "a@",
                             "a@sha256:12",
                             "a@md5:" + std::string(64, 'a'),
                             "a:" + std::string(129, 'x'),
                             "a:.b",
                             "a.com:x/b",
                             "http://a/b",
                             std::string("a\0b", 3),
                             "a___b",
                             "[::1/a",
                             "\xc3\xa9"};
  for (const auto& text : bad) {
    const auto parsed = parse_image_reference(text);
    ASSERT_FALSE(parsed.has_value()) << text;
    EXPECT_EQ(parsed.error().text, "invalid reference format") << text;
    EXPECT_EQ(parsed.error().kind, base::ErrorKind::invalid);
  }
  EXPECT_EQ(parse_image_reference("Busybox").error().text,
            "invalid reference format: repository name (library/Busybox) must be lowercase");
  EXPECT_EQ(parse_image_reference("x/" + std::string(260, 'a')).error().text,
            "repository name must not be more than 255 characters");
  EXPECT_EQ(parse_image_reference(std::string(64, 'a')).error().text,
            "invalid repository name (" + std::string(64, 'a') + "), cannot specify 64-byte hexadecimal strings");
}

}  // namespace
}  // namespace fairlead::wire
