#include "cli/scratch.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/fd.h"

namespace fairlead::cli {
namespace {

std::string probe_apart(const std::function<std::string()>& probe, int flags) {
  if (::unshare(CLONE_NEWNET | CLONE_NEWNS | flags) != 0)
    return fmt::format("no namespace of its own: {}", std::strerror(errno));
  // Without this, mounts made here would spread into the host's mount namespace (mount_namespaces(7)).
  if (::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0)
    return fmt::format("private mounts: {}", std::strerror(errno));
  return probe();
}

}  // namespace

std::string in_scratch(const std::function<std::string()>& probe, int flags) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return fmt::format("pipe: {}", std::strerror(errno));
  base::Fd reading(ends[0]), writing(ends[1]);
  const pid_t child = ::fork();
  if (child < 0) return fmt::format("fork: {}", std::strerror(errno));
  if (child == 0) {
    const std::string said = probe_apart(probe, flags);
    const bool told = ::write(writing.get(), said.data(), said.size()) == static_cast<ssize_t>(said.size());
    ::_exit(told ? 0 : 1);
  }
  writing.reset();
  std::string said;
  char block[512];
  for (ssize_t got = 0; (got = ::read(reading.get(), block, sizeof block)) > 0;)
    said.append(block, static_cast<std::size_t>(got));
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) return said.empty() ? "the probe ended unexpectedly" : said;
  return said;
}

}  // namespace fairlead::cli
