#pragma once
/// A host of its own for a test program: private network and mount namespaces, and an empty /run/netns. The machine's
/// network is never touched, and whatever a test leaves dies with the program.
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <string>

namespace fairlead::support {

/// Moves the calling thread there, once per program. Call before any thread starts.
inline bool enter_private_host() {
  static const bool entered = [] {
    if (unshare(CLONE_NEWNET | CLONE_NEWNS) != 0) return false;
    if (mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) return false;
    mkdir("/run/netns", 0755);
    if (mount("tmpfs", "/run/netns", "tmpfs", 0, "mode=0755") != 0) return false;
    return std::system("ip link set lo up") == 0;
  }();
  return entered;
}

/// Exit status of a shell command in the private host.
inline int sh(const std::string& command) {
  const int status = std::system(command.c_str());
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/// What a shell command prints.
inline std::string output_of(const std::string& command) {
  std::string out;
  FILE* pipe = popen(command.c_str(), "r");
  if (pipe == nullptr) return out;
  std::array<char, 4096> part;
  while (const auto size = fread(part.data(), 1, part.size(), pipe)) out.append(part.data(), size);
  pclose(pipe);
  return out;
}

/// The same, inside a pinned namespace.
inline std::string inside(const std::string& netns, const std::string& command) {
  return "nsenter --net=/run/netns/" + netns + " " + command;
}

/// Base of tests on the real kernel.
class PrivateHostTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!enter_private_host()) GTEST_SKIP() << "needs root: unshare(2) of network and mount namespaces is refused";
  }
};

}  // namespace fairlead::support
