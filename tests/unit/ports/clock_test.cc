#include "ports/clock.h"

#include <gtest/gtest.h>

namespace fairlead::ports {
namespace {

using namespace std::chrono_literals;

TEST(Rfc3339, PrintsAsGoDoes) {
  const Time second{1'700'000'000s};
  EXPECT_EQ(rfc3339(second), "2023-11-14T22:13:20Z");
  EXPECT_EQ(rfc3339(second + 120ms), "2023-11-14T22:13:20.12Z");
  EXPECT_EQ(rfc3339(second + 7ns), "2023-11-14T22:13:20.000000007Z");
  EXPECT_EQ(rfc3339(Time{}), "0001-01-01T00:00:00Z");
  EXPECT_EQ(rfc3339(Time{-1ns}), "1969-12-31T23:59:59.999999999Z");
}

TEST(Rfc3339, ReadsFractionsAndOffsets) {
  const Time second{1'700'000'000s};
  EXPECT_EQ(parse_rfc3339("2023-11-14T22:13:20Z"), second);
  EXPECT_EQ(parse_rfc3339("2023-11-15T00:13:20.5+02:00"), second + 500ms);
  EXPECT_EQ(parse_rfc3339("2023-11-14t16:43:20.1234567899-05:30"), second + 123456789ns);
  EXPECT_EQ(parse_rfc3339("0001-01-01T00:00:00Z"), Time{});
  EXPECT_EQ(parse_rfc3339("2016-12-31T23:59:60Z"), parse_rfc3339("2017-01-01T00:00:00Z"));
}

TEST(Rfc3339, RefusesTheRest) {
  for (const auto* wrong :
       {"", "2023-11-14", "2023-11-14T22:13:20", "2023-13-01T00:00:00Z", "2023-02-29T00:00:00Z", "2023-01-01T24:00:00Z",
        "2023-01-01T00:60:00Z", "2023-01-01T00:00:00.Z", "2023-01-01T00:00:00+2:00", "2023-01-01T00:00:00Zx",
        "9999-01-01T00:00:00Z", "1600-01-01T00:00:00Z", "+023-01-01T00:00:00Z", "2023-01-01T00:00:00+24:00"}) {
    EXPECT_FALSE(parse_rfc3339(wrong)) << wrong;
  }
}

}  // namespace
}  // namespace fairlead::ports
