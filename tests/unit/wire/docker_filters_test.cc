#include <gtest/gtest.h>

#include "wire/docker_filters.h"
#include "wire/docker_name_pattern.h"

namespace fairlead::wire {
namespace {

TEST(DockerFilters, ReadsBothForms) {
  for (const char* text :
       {R"({"name":["web"],"label":["a=b","c"]})", R"({"name":{"web":true},"label":{"a=b":true,"c":true}})"}) {
    const auto filters = DockerFilters::parse(text);
    ASSERT_TRUE(filters) << text;
    EXPECT_TRUE(filters->matches_name("name", "my-web-1"));
    EXPECT_FALSE(filters->matches_name("name", "db"));
    EXPECT_TRUE(filters->matches_labels({{"a", "b"}, {"c", "anything"}}));
    EXPECT_FALSE(filters->matches_labels({{"a", "b"}}));
    EXPECT_FALSE(filters->matches_labels({{"a", "x"}, {"c", ""}}));
  }
}

TEST(DockerFilters, AValueThatIsFalseIsNoFilter) {
  EXPECT_FALSE(DockerFilters::parse(R"({"name":{"web":false}})")->has("name"));
  EXPECT_FALSE(DockerFilters::parse(R"({"name":[]})")->has("name"));
  EXPECT_TRUE(DockerFilters::parse("")->matches("name", "x"));
}

TEST(DockerFilters, RefusesOtherJson) {
  for (const char* text : {"[", "[]", "1", R"({"name":"web"})", R"({"name":[1]})", R"({"name":{"a":1}})"}) {
    EXPECT_FALSE(DockerFilters::parse(text)) << text;
  }
}

TEST(DockerFilters, RefusesUnknownNamesAndHalfTruths) {
  const auto filters = DockerFilters::parse(R"({"dangling":["true"],"both":["1","0"],"odd":["maybe"]})");
  EXPECT_EQ(filters->only({"dangling", "both"}).error().text, "invalid filter 'odd'");
  EXPECT_EQ(filters->truth("dangling"), true);
  EXPECT_EQ(filters->truth("absent"), std::nullopt);
  EXPECT_FALSE(filters->truth("both"));
  EXPECT_EQ(filters->truth("odd").error().text, "invalid filter 'odd=maybe'");
}

TEST(DockerFilters, UnwantedLabelsExclude) {
  const auto filters = DockerFilters::parse(R"({"label!":["keep"]})");
  EXPECT_FALSE(filters->matches_labels({{"keep", "1"}}));
  EXPECT_TRUE(filters->matches_labels({}));
}

struct PatternCase {
  const char *pattern, *name;
  bool found;
};
class NamePattern : public testing::TestWithParam<PatternCase> {};
TEST_P(NamePattern, IsFoundOrNot) {
  EXPECT_EQ(name_matches(GetParam().pattern, GetParam().name), GetParam().found);
}
INSTANTIATE_TEST_SUITE_P(All, NamePattern,
                         testing::Values(PatternCase{"web", "myweb1", true}, PatternCase{"^web", "myweb1", false},
                                         PatternCase{"^web$", "web", true}, PatternCase{"^/web$", "/web", true},
                                         PatternCase{"w.b", "wxb", true}, PatternCase{"w.*1$", "web-11", true},
                                         PatternCase{"^a+b?c*$", "aab", true}, PatternCase{"^a+b?c*$", "b", false},
                                         PatternCase{"^x|y$", "zy", true}, PatternCase{"^x|y$", "zyx", false},
                                         PatternCase{"[a-c]9", "b9", true}, PatternCase{"[^a-c]9", "b9", false},
                                         PatternCase{"a\\.b", "axb", false}, PatternCase{"a\\.b", "a.b", true},
                                         PatternCase{"(", "a(b", true}, PatternCase{"[", "a", false},
                                         PatternCase{"", "", true}, PatternCase{"^$", "a", false},
                                         PatternCase{"^a*a*a*a*b$", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaac",
                                                     false}));

}  // namespace
}  // namespace fairlead::wire
