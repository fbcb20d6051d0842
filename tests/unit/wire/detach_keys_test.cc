#include "wire/detach_keys.h"

#include <gtest/gtest.h>

namespace fairlead::wire {
namespace {

TEST(DetachKeys, AreReadAsDockerReadsThem) {
  EXPECT_EQ(parse_detach_keys(""), "\x10\x11");
  EXPECT_EQ(parse_detach_keys("ctrl-a"), "\x01");
  EXPECT_EQ(parse_detach_keys("a,ctrl-z,@"), "a\x1a@");
  EXPECT_EQ(parse_detach_keys("ctrl-@,ctrl-[,ctrl-\\,ctrl-],ctrl-^,ctrl-_"), std::string("\0\x1b\x1c\x1d\x1e\x1f", 6));
  for (const char* bad : {"ctrl-A", "ctrl-", "ctrl-ab", "ab", "a,", ",", "ctrl-1", "CTRL-a"})
    EXPECT_EQ(parse_detach_keys(bad).error().text, std::string("Invalid detach keys (") + bad + ") provided");
}

/// What passes of `typed`, given in pieces of `size`; `!` at its end when it detached.
std::string pass(const std::string& keys, std::string_view typed, std::size_t size) {
  DetachWatch watch(keys);
  std::string out;
  for (std::size_t at = 0; at < typed.size(); at += size)
    if (watch.feed(typed.substr(at, size), out)) return out + "!";
  return out + std::string(watch.held());
}

TEST(DetachWatch, FindsTheSequenceWhereverThePiecesEnd) {
  for (std::size_t size = 1; size < 9; ++size) {
    EXPECT_EQ(pass("\x10\x11", "ls\x10\x11rest", size), "ls!");
    EXPECT_EQ(pass("\x10\x11",
                   "a\x10"
                   "b\x10",
                   size),
              "a\x10"
              "b\x10");
    EXPECT_EQ(pass("aab", "xaaab", size), "xa!");
    EXPECT_EQ(pass("abab", "ababa", size), "!");
    EXPECT_EQ(pass("abac", "ababac", size), "ab!");
    EXPECT_EQ(pass("\x10\x11", "\x10\x10\x11", size), "\x10!");
  }
}

}  // namespace
}  // namespace fairlead::wire
