#include "adapters/oci/runtime_process.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <cerrno>
#include <cstdlib>

#include "base/descriptor_limit.h"

namespace fairlead::oci {
namespace {

constexpr std::size_t kMaxOutput = 64 << 10;

/// posix_spawn's attributes and actions, freed together.
class Plan {
 public:
  Plan() {
    ::posix_spawn_file_actions_init(&actions_);
    ::posix_spawnattr_init(&attributes_);
  }
  ~Plan() {
    ::posix_spawn_file_actions_destroy(&actions_);
    ::posix_spawnattr_destroy(&attributes_);
  }
  Plan(const Plan&) = delete;
  Plan& operator=(const Plan&) = delete;

  void place(int ours, int theirs) {
    if (ours >= 0)
      ::posix_spawn_file_actions_adddup2(&actions_, ours, theirs);
    else
      ::posix_spawn_file_actions_addopen(&actions_, theirs, "/dev/null", theirs == 0 ? O_RDONLY : O_WRONLY, 0);
  }
  /// The daemon blocks and ignores signals that a child must see as usual.
  void fresh_signals(bool own_session) {
    sigset_t none, all;
    ::sigemptyset(&none);
    ::sigfillset(&all);
    ::posix_spawnattr_setsigmask(&attributes_, &none);
    ::posix_spawnattr_setsigdefault(&attributes_, &all);
    int flags = POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF;
    if (own_session) flags |= POSIX_SPAWN_SETSID;
    ::posix_spawnattr_setflags(&attributes_, static_cast<short>(flags));
  }
  void close_from(int first) { ::posix_spawn_file_actions_addclosefrom_np(&actions_, first); }
  void start_in(const std::string& directory) { ::posix_spawn_file_actions_addchdir_np(&actions_, directory.c_str()); }
  const posix_spawn_file_actions_t* actions() const { return &actions_; }
  const posix_spawnattr_t* attributes() const { return &attributes_; }

 private:
  posix_spawn_file_actions_t actions_;
  posix_spawnattr_t attributes_;
};

std::vector<char*> pointers(std::vector<std::string>& words) {
  std::vector<char*> all;
  for (auto& word : words) all.push_back(word.data());
  all.push_back(nullptr);
  return all;
}

/// Reads until every writer is gone or the time is up.
bool read_all(int fd, std::string& into, std::chrono::steady_clock::time_point end) {
  char buffer[4096];
  while (true) {
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(end - std::chrono::steady_clock::now()).count();
    pollfd waiting{.fd = fd, .events = POLLIN};
    const int ready = left <= 0 ? 0 : ::poll(&waiting, 1, static_cast<int>(left));
    if (ready < 0 && errno == EINTR) continue;
    if (ready <= 0) return false;
    const auto count = ::read(fd, buffer, sizeof buffer);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return true;
    if (into.size() < kMaxOutput) into.append(buffer, static_cast<std::size_t>(count));
  }
}

}  // namespace

base::Result<pid_t> spawn(const SpawnOptions& options) {
  Plan plan;
  plan.fresh_signals(options.own_session);
  if (!options.directory.empty()) plan.start_in(options.directory);
  plan.place(options.input, 0);
  plan.place(options.output, 1);
  plan.place(options.error, 2);
  for (const auto& [ours, theirs] : options.inherited) plan.place(ours, theirs);
  // Not everything of ours is close-on-exec (Asio's accepted sockets are not), and a monitor lives longer than we do.
  plan.close_from(3 + static_cast<int>(options.inherited.size()));

  auto command = options.command;
  auto env = options.env;
  const char* path = std::getenv("PATH");
  env.push_back(std::string("PATH=") +
                (path != nullptr ? path : "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"));
  pid_t pid = 0;
  const int error = ::posix_spawnp(&pid, command.front().c_str(), plan.actions(), plan.attributes(),
                                   pointers(command).data(), pointers(env).data());
  if (error != 0) return base::fail_errno(error, "cannot start " + command.front());
  base::restore_descriptor_limit(pid);
  return pid;
}

base::Result<ProgramEnd> run_program(const std::vector<std::string>& command, std::chrono::milliseconds limit) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return base::fail_errno(errno, "pipe");
  base::Fd reading(ends[0]), writing(ends[1]);
  const auto pid =
      spawn({.command = command, .env = {kNoGarbageCollection}, .output = writing.get(), .error = writing.get()});
  writing.reset();
  if (!pid) return std::unexpected(pid.error());
  const auto pidfd = open_pidfd(*pid);
  if (!pidfd) return std::unexpected(pidfd.error());
  ProgramEnd end;
  const auto deadline = std::chrono::steady_clock::now() + limit;
  const bool in_time = read_all(reading.get(), end.output, deadline) && ended_within(pidfd->get(), limit);
  if (!in_time) ::syscall(SYS_pidfd_send_signal, pidfd->get(), SIGKILL, nullptr, 0);
  end.exit_code = collect(pidfd->get());
  if (!in_time) return base::fail(base::ErrorKind::internal, command.front() + " did not end in time", end.output);
  return end;
}

base::Result<base::Fd> open_pidfd(pid_t pid) {
  base::Fd fd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
  if (!fd) return base::fail_errno(errno, "pidfd of process " + std::to_string(pid));
  return fd;
}

bool ended_within(int pidfd, std::chrono::milliseconds limit) {
  const auto deadline = std::chrono::steady_clock::now() + limit;
  while (true) {
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now()).count();
    pollfd waiting{.fd = pidfd, .events = POLLIN};
    const int ready = ::poll(&waiting, 1, left > 0 ? static_cast<int>(left) : 0);
    if (ready > 0) return true;
    if (ready == 0 || errno != EINTR) return false;
  }
}

int collect(int pidfd) {
  siginfo_t info{};
  int result = 0;
  do {
    result = ::waitid(P_PIDFD, static_cast<id_t>(pidfd), &info, WEXITED);
  } while (result != 0 && errno == EINTR);
  if (result != 0) return -1;
  return info.si_code == CLD_EXITED ? info.si_status : 128 + info.si_status;
}

}  // namespace fairlead::oci
