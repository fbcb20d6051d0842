#include "wire/stream_frame.h"

#include <gtest/gtest.h>

namespace fairlead::wire {
namespace {

TEST(StreamFrame, HasKindAndBigEndianLength) {
  std::string out = "x";
  append_frame(out, StreamKind::error, std::string(0x010203, 'y'));
  EXPECT_EQ(out.substr(0, 9), std::string("x\x02\0\0\0\0\x01\x02\x03", 9));
  EXPECT_EQ(out.size(), 9u + 0x010203);
}

TEST(StreamFrame, ContentTypeFollowsVersionAndTerminal) {
  EXPECT_EQ(stream_content_type(false, 42), "application/vnd.docker.multiplexed-stream");
  EXPECT_EQ(stream_content_type(false, 41), "application/vnd.docker.raw-stream");
  EXPECT_EQ(stream_content_type(true, 51), "application/vnd.docker.raw-stream");
}

}  // namespace
}  // namespace fairlead::wire
