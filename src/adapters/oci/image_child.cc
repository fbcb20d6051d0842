#include "adapters/oci/image_child.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

#include "base/fd.h"

extern char** environ;

namespace fairlead::oci {

namespace {

constexpr int kTickMs = 200;

struct Pipe {
  base::Fd read, write;
};

base::Result<Pipe> make_pipe() {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return base::fail_errno(errno, "pipe");
  return Pipe{base::Fd(ends[0]), base::Fd(ends[1])};
}

/// Owns what posix_spawn(3) wants to be told.
class SpawnSetup {
 public:
  SpawnSetup(int out, int err) {
    posix_spawn_file_actions_init(&actions_);
    posix_spawn_file_actions_addopen(&actions_, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions_, out, 1);
    posix_spawn_file_actions_adddup2(&actions_, err, 2);
    posix_spawn_file_actions_addclosefrom_np(&actions_, 3);
    posix_spawnattr_init(&attributes_);
    // The daemon's blocked and ignored signals are its own affair.
    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawnattr_setsigmask(&attributes_, &none);
    posix_spawnattr_setsigdefault(&attributes_, &all);
    posix_spawnattr_setpgroup(&attributes_, 0);
    posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
  }
  SpawnSetup(const SpawnSetup&) = delete;
  ~SpawnSetup() {
    posix_spawn_file_actions_destroy(&actions_);
    posix_spawnattr_destroy(&attributes_);
  }
  int spawn(pid_t& pid, const std::vector<std::string>& words) {
    std::vector<char*> argv;
    for (const auto& word : words) argv.push_back(const_cast<char*>(word.c_str()));
    argv.push_back(nullptr);
    return posix_spawnp(&pid, argv[0], &actions_, &attributes_, argv.data(), environ);
  }

 private:
  posix_spawn_file_actions_t actions_{};
  posix_spawnattr_t attributes_{};
};

/// One stream of the child: keeps all of it and hands out its lines.
struct Stream {
  base::Fd fd;
  std::string& text;
  std::size_t told = 0;

  /// Reads what is there; false at the end.
  bool read_some(const OnChildLine& on_line) {
    char buffer[65536];
    const auto n = ::read(fd.get(), buffer, sizeof buffer);
    if (n < 0) return errno == EINTR || errno == EAGAIN;
    if (n == 0) return false;
    text.append(buffer, static_cast<std::size_t>(n));
    for (auto end = text.find('\n', told); end != std::string::npos; end = text.find('\n', told)) {
      if (on_line && end > told) on_line(std::string_view(text).substr(told, end - told));
      told = end + 1;
    }
    return true;
  }
};

int wait_for(pid_t pid) {
  int status = 0;
  while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/// Reads both streams to their ends; false where they hold more than `max_output` bytes.
bool read_streams(ChildResult& result, Stream (&streams)[2], std::size_t max_output, const OnChildLine& on_line) {
  while (streams[0].fd || streams[1].fd) {
    pollfd wait[2] = {{streams[0].fd.get(), POLLIN, 0}, {streams[1].fd.get(), POLLIN, 0}};
    if (::poll(wait, 2, kTickMs) < 0 && errno != EINTR) return true;
    for (int at = 0; at < 2; ++at) {
      if (wait[at].revents != 0 && !streams[at].read_some(on_line)) streams[at].fd.reset();
    }
    if (on_line) on_line({});
    if (result.out.size() + result.err.size() > max_output) return false;
  }
  return true;
}

}  // namespace

base::Result<ChildResult> run_child(const std::vector<std::string>& words, std::size_t max_output,
                                    const OnChildLine& on_line) {
  auto out = make_pipe();
  auto err = make_pipe();
  if (!out || !err) return std::unexpected((out ? err : out).error());
  SpawnSetup setup(out->write.get(), err->write.get());
  pid_t pid = 0;
  if (const int failed = setup.spawn(pid, words); failed != 0) {
    if (failed == ENOENT) return base::fail(base::ErrorKind::not_found, words[0] + " is not installed");
    return base::fail_errno(failed, "run " + words[0]);
  }
  out->write.reset();
  err->write.reset();
  ChildResult result;
  Stream streams[2] = {{std::move(out->read), result.out}, {std::move(err->read), result.err}};
  const bool fits = read_streams(result, streams, max_output, on_line);
  if (!fits) ::kill(pid, SIGKILL);
  result.exit_code = wait_for(pid);
  if (!fits) return base::fail(base::ErrorKind::invalid, words[0] + " says too much");
  return result;
}

}  // namespace fairlead::oci
