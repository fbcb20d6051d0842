#include "adapters/oci/conmon.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <fstream>

#include "adapters/oci/runtime_errors.h"
#include "adapters/oci/runtime_process.h"

namespace fairlead::oci {
namespace {

using base::ErrorKind;

constexpr std::chrono::seconds kCreateLimit{120};
constexpr int kSyncFd = 3;

std::vector<std::string> command(const MonitorOptions& options) {
  const auto& paths = options.paths;
  std::vector<std::string> words = {"conmon",
                                    "--api-version",
                                    "1",
                                    "-c",
                                    options.id,
                                    "-u",
                                    options.id,
                                    "-r",
                                    options.runtime_path,
                                    "-b",
                                    paths.bundle.string(),
                                    "-p",
                                    paths.pidfile().string(),
                                    "-P",
                                    paths.monitor_pidfile().string(),
                                    "--exit-dir",
                                    options.exit_dir,
                                    "-l",
                                    options.keep_log ? "k8s-file:" + paths.log().string() : "none",
                                    "--full-attach",  // in the bundle, whatever the length of its path
                                    "--no-sync-log",  // a sync at each exit costs more than a log is worth
                                    "--runtime-arg",
                                    "--root",
                                    "--runtime-arg",
                                    options.runtime_state};
  if (options.log_bytes > 0) words.insert(words.end(), {"--log-size-max", std::to_string(options.log_bytes)});
  if (options.tty) words.emplace_back("-t");
  if (options.open_stdin) words.emplace_back("-i");
  // With a terminal, the end of one client's input must not close the terminal for the next client.
  if (options.open_stdin && (options.tty || !options.stdin_once)) words.emplace_back("--leave-stdin-open");
  return words;
}

/// One line from conmon's pipe; empty when it closed it or took too long.
std::string read_answer(int fd) {
  std::string answer;
  char buffer[4096];
  const auto deadline = std::chrono::steady_clock::now() + kCreateLimit;
  while (!answer.contains('\n')) {
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now()).count();
    pollfd waiting{.fd = fd, .events = POLLIN};
    const int ready = left <= 0 ? 0 : ::poll(&waiting, 1, static_cast<int>(left));
    if (ready < 0 && errno == EINTR) continue;
    if (ready <= 0) return {};
    const auto count = ::read(fd, buffer, sizeof buffer);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) break;
    answer.append(buffer, static_cast<std::size_t>(count));
  }
  return answer;
}

/// `{"data": PID}` or `{"data": -1, "message": "…"}` (versions of the protocol before 1 said `pid`).
base::Result<pid_t> understand(const std::string& answer, const std::string& runtime) {
  boost::system::error_code error;
  const auto value = boost::json::parse(answer, error);
  if (error || !value.is_object())
    return base::fail(ErrorKind::internal, fmt::format("conmon gave no answer while {} created the container", runtime),
                      answer);
  const auto& object = value.get_object();
  const auto* number = object.if_contains("data");
  if (number == nullptr) number = object.if_contains("pid");
  const auto pid = number != nullptr && number->is_int64() ? number->get_int64() : -1;
  if (pid > 0) return static_cast<pid_t>(pid);
  const auto* message = object.if_contains("message");
  return std::unexpected(
      create_error(message != nullptr && message->is_string() ? std::string_view(message->get_string()) : "", runtime));
}

/// Path through a descriptor of the bundle: socket addresses are limited to 107 bytes.
std::string short_path(const base::Fd& dir, const char* name) {
  return fmt::format("/proc/self/fd/{}/{}", dir.get(), name);
}

base::Fd open_bundle(const ContainerPaths& paths) {
  return base::Fd(::open(paths.bundle.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
}

}  // namespace

pid_t read_pidfile(const std::filesystem::path& path) {
  std::ifstream file(path);
  pid_t pid = 0;
  file >> pid;
  return pid > 0 ? pid : 0;
}

base::Result<Monitored> start_monitor(const MonitorOptions& options) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return base::fail_errno(errno, "pipe");
  base::Fd reading(ends[0]), writing(ends[1]);
  const auto first = spawn({.command = command(options),
                            .env = {fmt::format("_OCI_SYNCPIPE={}", kSyncFd), kNoGarbageCollection},
                            .inherited = {{writing.get(), kSyncFd}},
                            .own_session = true,
                            .directory = options.paths.bundle});  // where it notes an OOM kill
  writing.reset();
  if (!first) {
    auto error = first.error();
    error.text += " (apt install conmon)";
    return std::unexpected(error);
  }
  const auto first_ended = open_pidfd(*first);
  if (!first_ended) return std::unexpected(first_ended.error());
  const auto answer = read_answer(reading.get());
  // The process that we started only forks the monitor and ends.
  if (answer.empty()) ::kill(*first, SIGKILL);
  (void)collect(first_ended->get());
  auto pid = understand(answer, options.runtime_path);
  if (!pid) return std::unexpected(pid.error());
  return Monitored{*pid, read_pidfile(options.paths.monitor_pidfile())};
}

base::Result<base::Fd> connect_monitor(const ContainerPaths& paths) {
  const auto bundle = open_bundle(paths);
  base::Fd socket(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
  if (!bundle || !socket) return base::fail_errno(errno, "cannot attach to the container");
  sockaddr_un address{.sun_family = AF_UNIX};
  std::strncpy(address.sun_path, short_path(bundle, "attach").c_str(), sizeof address.sun_path - 1);
  if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
    return base::fail_errno(errno, "cannot attach to the container");
  return socket;
}

base::Result<void> resize_by_monitor(const ContainerPaths& paths, std::uint32_t height, std::uint32_t width) {
  const auto bundle = open_bundle(paths);
  // Non-blocking: without a monitor nobody reads the FIFO.
  const base::Fd control(::open(short_path(bundle, "ctl").c_str(), O_WRONLY | O_NONBLOCK | O_CLOEXEC));
  if (!bundle || !control) return base::fail_errno(errno, "cannot resize the container's terminal");
  const auto line = fmt::format("1 {} {}\n", height, width);
  if (::write(control.get(), line.data(), line.size()) != static_cast<ssize_t>(line.size()))
    return base::fail_errno(errno, "cannot resize the container's terminal");
  return {};
}

}  // namespace fairlead::oci
