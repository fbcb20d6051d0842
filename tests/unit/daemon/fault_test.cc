#include "daemon/fault.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <regex>
#include <set>
#include <string>

namespace fairlead::daemon {
namespace {

int status_of_child(const char* wanted, const char* met) {
  const pid_t child = ::fork();
  if (child == 0) {
    ::setenv("FAIRLEAD_FAULT", wanted, 1);
    fault_point(met);
    ::_exit(7);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return status;
}

TEST(Fault, KillsAtTheNamedPointOnly) {
  const int hit = status_of_child("start-stored", "start-stored");
  EXPECT_TRUE(WIFSIGNALED(hit) && WTERMSIG(hit) == SIGKILL);
  const int passed = status_of_child("start-stored", "start-kernel");
  EXPECT_TRUE(WIFEXITED(passed) && WEXITSTATUS(passed) == 7);
}

TEST(Fault, NamesDiffer) {
  const std::set<std::string> names(fault_names().begin(), fault_names().end());
  EXPECT_EQ(names.size(), fault_names().size());
}

// A crash test for a name that no code meets would pass without testing anything.
TEST(Fault, EveryPointInTheSourceIsListedAndEveryNameIsMet) {
  const std::set<std::string> names(fault_names().begin(), fault_names().end());
  std::string sources;
  const std::regex call("fault_point\\(\"([^\"]+)\"\\)");
  for (const auto& entry : std::filesystem::recursive_directory_iterator(FAIRLEAD_SOURCE_DIR "/src/daemon")) {
    if (!entry.is_regular_file() || entry.path().filename() == "fault.cc") continue;
    std::ifstream file(entry.path());
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    for (std::sregex_iterator at(text.begin(), text.end(), call), end; at != end; ++at)
      EXPECT_TRUE(names.contains((*at)[1])) << (*at)[1];
    sources += text;
  }
  // Steps that several acts go through build the name: `act + "-stored"`.
  const auto written = [&](const std::string& piece) { return sources.find('"' + piece + '"') != std::string::npos; };
  for (const auto& name : names) {
    const auto dash = name.find('-');
    EXPECT_TRUE(written(name) || (written(name.substr(0, dash)) && written(name.substr(dash))))
        << name << " is met nowhere";
  }
}

}  // namespace
}  // namespace fairlead::daemon
