/// Processes started inside running containers.
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/log.h"
#include "daemon/conductor_parts.h"

namespace fairlead::daemon {

namespace asio = boost::asio;

namespace {

constexpr std::size_t kEndedExecsKept = 256;

Error no_such_exec(const std::string& id) {
  return {ErrorKind::not_found, "No such exec instance: " + id, ""};
}

base::Fd copy_of(const base::Fd& fd) {
  return fd ? base::Fd(::dup(fd.get())) : base::Fd();
}

}  // namespace

Result<ExecId> Conductor::create_exec(ContainerId id, ports::ExecSpec spec, std::string detach_keys) {
  const auto container = state_.container(id);
  if (!container || container->phase != engine::Phase::running)
    return base::fail(ErrorKind::conflict,
                      fmt::format("container {} is not running", container ? container->id.text() : id.text()));
  if (spec.command.empty()) return base::fail(ErrorKind::invalid, "No exec command specified");
  const auto exec = ExecId::from(base::fresh_entropy());
  execs_[exec].record = {.id = exec, .container = id, .spec = std::move(spec), .detach_keys = std::move(detach_keys)};
  return exec;
}

Result<engine::ExecRecord> Conductor::find_exec(const std::string& id) const {
  const auto parsed = ExecId::parse(id);
  const auto found = parsed ? execs_.find(*parsed) : execs_.end();
  if (found == execs_.end()) return std::unexpected(no_such_exec(id));
  return found->second.record;
}

void Conductor::start_exec(ExecId id, bool tty, engine::Done<engine::ExecStreams> done) {
  spawn<engine::ExecStreams>(run_exec(id, tty), std::move(done));
}

Task<Result<engine::ExecStreams>> Conductor::run_exec(ExecId id, bool tty) {
  const auto found = execs_.find(id);
  if (found == execs_.end()) co_return std::unexpected(no_such_exec(id.text()));
  auto& record = found->second.record;
  if (record.running || record.exit_code)
    co_return base::fail(ErrorKind::conflict, fmt::format("Error: Exec command {} has already run", id.text()));
  const auto container = state_.container(record.container);
  if (!container || container->phase != engine::Phase::running)
    co_return base::fail(ErrorKind::conflict, fmt::format("container {} is not running", record.container.text()));
  record.spec.tty = tty;
  record.running = true;
  auto process = co_await on(workers_, [this, container, spec = record.spec] {
    return world_.runtime->exec(container->id, container->spec, spec);
  });
  auto& exec = execs_[id];
  if (!process) {
    exec.record.running = false;
    exec.record.exit_code = process.error().text.contains("permission denied") ? 126 : 127;
    co_return std::unexpected(process.error());
  }
  exec.record.pid = process->pid;
  exec.exited = std::move(process->exited);
  exec.terminal = copy_of(process->terminal);
  background(watch_exec(id));
  co_return engine::ExecStreams{std::move(process->terminal), std::move(process->input), std::move(process->output),
                                std::move(process->error)};
}

Task<void> Conductor::watch_exec(ExecId id) {
  asio::posix::stream_descriptor ended(io_, execs_[id].exited.release());
  co_await ended.async_wait(asio::posix::stream_descriptor::wait_read, asio::use_awaitable);
  auto& exec = execs_[id];
  exec.record.exit_code = world_.runtime->exec_exit_code(exec.record.pid);
  exec.record.running = false;
  exec.terminal.reset();
  if (const auto container = state_.container(exec.record.container)) {
    publish({.at = world_.clock->now(),
             .type = "container",
             .action = "exec_die",
             .actor = container->id.text(),
             .attributes = {{"image", container->spec.image},
                            {"name", container->name},
                            {"execID", id.text()},
                            {"exitCode", std::to_string(*exec.record.exit_code)}}});
  }
  for (auto& waiting : take_if(exec.waiting, [](const Ended&) { return true; })) (*waiting)();
  ended_execs_.push_back(id);
  if (ended_execs_.size() > kEndedExecsKept) {
    execs_.erase(ended_execs_.front());
    ended_execs_.pop_front();
  }
}

void Conductor::resize_exec(ExecId id, std::uint32_t height, std::uint32_t width, engine::Done<> done) {
  const auto found = execs_.find(id);
  if (found == execs_.end()) return done(std::unexpected(no_such_exec(id.text())));
  const winsize size{.ws_row = static_cast<unsigned short>(height), .ws_col = static_cast<unsigned short>(width)};
  if (!found->second.terminal || ::ioctl(found->second.terminal.get(), TIOCSWINSZ, &size) != 0)
    return done(base::fail(ErrorKind::internal, "cannot resize: the exec instance has no terminal now"));
  done({});
}

engine::Ticket Conductor::wait_exec(ExecId id, std::move_only_function<void()> ended) {
  const auto found = execs_.find(id);
  if (found == execs_.end() || found->second.record.exit_code) {
    asio::post(io_, std::move(ended));
    return std::make_unique<engine::Standing>();
  }
  return std::make_unique<ListTicket<Ended>>(found->second.waiting, std::move(ended));
}

}  // namespace fairlead::daemon
