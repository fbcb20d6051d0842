#include "adapters/oci/exec.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <boost/json/serialize.hpp>

#include <atomic>
#include <cerrno>
#include <fstream>
#include <iterator>

#include "adapters/oci/conmon.h"
#include "adapters/oci/rootfs.h"
#include "adapters/oci/runtime_cgroup.h"
#include "adapters/oci/runtime_errors.h"
#include "adapters/oci/runtime_process.h"
#include "adapters/oci/spec.h"
#include "wire/oci_capabilities.h"

namespace fairlead::oci {
namespace {

constexpr std::chrono::seconds kExecLimit{60};

base::Result<ProcessInput> process_input(const ExecTarget& target, const ports::ContainerSpec& spec,
                                         const ports::ExecSpec& exec) {
  if (exec.command.empty()) return base::fail(base::ErrorKind::invalid, "No exec command specified");
  const base::Fd root(::open(target.paths.root().c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!root) return base::fail_errno(errno, "cannot open the container's root file system");
  const auto& wanted = exec.user.empty() ? spec.process.user : exec.user;
  auto user = wire::resolve_user(wanted, spec.group_add, read_in_root(root.get(), "/etc/passwd"),
                                 read_in_root(root.get(), "/etc/group"));
  if (!user) return std::unexpected(user.error());
  auto capabilities = wire::container_capabilities({exec.privileged || spec.privileged, spec.cap_add, spec.cap_drop},
                                                   available_capabilities());
  if (!capabilities) return std::unexpected(capabilities.error());
  auto env = spec.process.env;
  env.insert(env.end(), exec.env.begin(), exec.env.end());
  return ProcessInput{.args = exec.command,
                      .env = make_environment(env, target.hostname, exec.tty, user->home),
                      .cwd = exec.working_dir.empty() ? spec.process.working_dir : exec.working_dir,
                      .user = *user,
                      .capabilities = std::move(*capabilities),
                      .tty = exec.tty,
                      .no_new_privileges = no_new_privileges(spec.security_opt),
                      .height = exec.console_height,
                      .width = exec.console_width};
}

/// Files that the runtime reads and writes for one exec; gone with it.
class Scratch {
 public:
  explicit Scratch(const std::filesystem::path& bundle) {
    static std::atomic<unsigned> next{0};
    number_ = next++;
    stem_ = (bundle / fmt::format("exec-{}", number_)).string();
  }
  ~Scratch() {
    for (const auto& path : {process(), pidfile(), log()}) ::unlink(path.c_str());
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  std::string process() const { return stem_ + ".json"; }
  std::string pidfile() const { return stem_ + ".pid"; }
  std::string log() const { return stem_ + ".log"; }
  std::string socket_name() const { return fmt::format("exec-{}.sock", number_); }

 private:
  unsigned number_ = 0;
  std::string stem_;
};

struct Pipe {
  base::Fd reading, writing;
};
base::Result<Pipe> make_pipe() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return base::fail_errno(errno, "pipe");
  return Pipe{base::Fd(ends[0]), base::Fd(ends[1])};
}

/// The pipes of a process without a terminal: ours end up in `process`, its own are lent to the runtime and closed
/// then.
base::Result<Pipe> pipe_if(bool wanted) {
  if (!wanted) return Pipe{};
  return make_pipe();
}

/// What is common to both ways: the runtime ended well and left the pid of the new process.
base::Result<void> finish(const Scratch& scratch, int runtime_pidfd, ports::ExecProcess& process) {
  if (!ended_within(runtime_pidfd, kExecLimit))
    return base::fail(base::ErrorKind::internal, "the runtime's exec did not end in time");
  if (collect(runtime_pidfd) != 0) {
    std::ifstream file(scratch.log());
    const std::string logged{std::istreambuf_iterator<char>(file), {}};
    return std::unexpected(exec_error(logged));
  }
  process.pid = read_pidfile(scratch.pidfile());
  auto exited = open_pidfd(process.pid);
  if (!exited) return std::unexpected(exited.error());
  process.exited = std::move(*exited);
  return {};
}

}  // namespace

base::Result<ports::ExecProcess> start_exec(const ExecTarget& target, const ports::ContainerSpec& spec,
                                            const ports::ExecSpec& exec) {
  const auto input = process_input(target, spec, exec);
  if (!input) return std::unexpected(input.error());
  const Scratch scratch(target.paths.bundle);
  if (std::ofstream file(scratch.process()); !(file << boost::json::serialize(make_process(*input)) << std::flush))
    return base::fail(base::ErrorKind::internal, "cannot write " + scratch.process());
  SpawnOptions run{
      .command = {target.runtime_path, "--root", target.runtime_state, "--log", scratch.log(), "--log-format", "json",
                  "exec", "--detach", "--pid-file", scratch.pidfile(), "--process", scratch.process()},
      .env = {kNoGarbageCollection}};
  ports::ExecProcess process;
  std::optional<ConsoleSocket> console;
  Pipe in, out, err;
  if (exec.tty) {
    auto socket = ConsoleSocket::listen(target.paths.bundle, scratch.socket_name());
    if (!socket) return std::unexpected(socket.error());
    console.emplace(std::move(*socket));
    run.command.insert(run.command.end(), {"--console-socket", console->path()});
  } else {
    auto made_in = pipe_if(exec.attach_stdin), made_out = pipe_if(exec.attach_stdout),
         made_err = pipe_if(exec.attach_stderr);
    if (!made_in || !made_out || !made_err) return base::fail_errno(errno, "pipe");
    in = std::move(*made_in);
    out = std::move(*made_out);
    err = std::move(*made_err);
    run.input = in.reading.get();
    run.output = out.writing.get();
    run.error = err.writing.get();
  }
  run.command.push_back(target.id.text());
  const auto runtime = spawn(run);
  if (!runtime) return std::unexpected(runtime.error());
  const auto runtime_pidfd = open_pidfd(*runtime);
  if (!runtime_pidfd) return std::unexpected(runtime_pidfd.error());
  in.reading.reset();
  out.writing.reset();
  err.writing.reset();
  if (console) process.terminal = console->receive(runtime_pidfd->get());
  if (auto done = finish(scratch, runtime_pidfd->get(), process); !done) return std::unexpected(done.error());
  if (console && !process.terminal) return base::fail(base::ErrorKind::internal, "the runtime handed over no terminal");
  process.input = std::move(in.writing);
  process.output = std::move(out.reading);
  process.error = std::move(err.reading);
  return process;
}

}  // namespace fairlead::oci
