/// From a running process to nothing: exits, stop, kill, restart, remove, and those who wait for it.
#include <signal.h>

#include <boost/asio/steady_timer.hpp>
#include <map>

#include "base/log.h"
#include "daemon/conductor_parts.h"
#include "daemon/fault.h"
#include "wire/docker_signal.h"

namespace fairlead::daemon {

namespace asio = boost::asio;
using engine::Phase;
using namespace std::chrono_literals;

namespace {

int stop_signal(const ports::ContainerSpec& spec) {
  return wire::parse_signal(spec.stop_signal).value_or(SIGTERM);
}

}  // namespace

Task<void> Conductor::watch_exits() {
  exits_.assign(world_.runtime->exits_fd());
  for (;;) {
    co_await exits_.async_wait(asio::posix::stream_descriptor::wait_read, asio::use_awaitable);
    for (auto& notice : world_.runtime->take_exits()) background(ended(std::move(notice)));
  }
}

Task<void> Conductor::ended(ports::ExitNotice notice) {
  const auto pass = co_await gate(notice.id)->enter();
  co_await ended_inside(std::move(notice));
}

Task<void> Conductor::ended_inside(ports::ExitNotice notice) {
  const auto id = notice.id;
  const auto container = state_.container(id);
  if (!container || !container->is_up()) co_return;
  fault_point("exit-seen");
  auto decision = co_await carry(engine::ContainerExited{id, notice.exit_code, notice.oom_killed, notice.at}, "exit");
  if (!decision) {
    base::log(base::LogLevel::error, "recording the end of {}: {}", container->name, decision.error().text);
    co_return;
  }
  fault_point("exit-unwired");
  if (auto cleaned = co_await on(workers_, [this, id] { return world_.runtime->cleanup(id); }); !cleaned)
    base::log(base::LogLevel::error, "cleaning up after {}: {}", container->name, cleaned.error().text);
  const auto now = state_.container(id);
  if (now->phase == Phase::restarting) background(restart_later(id));
  if (now->spec.auto_remove && now->phase == Phase::exited) {
    (void)co_await remove_inside(id, true);
  } else {
    tell_waiters(id, {now->exit_code, now->error});
  }
}

/// Docker's back-off: 100 ms, doubled at each end, one minute at most, and from the start again after a run of ten
/// seconds.
Task<void> Conductor::restart_later(ContainerId id) {
  const auto ended = state_.container(id);
  if (!ended) co_return;
  auto& pause = pauses_[id];
  pause = ended->finished - ended->started > 10s || pause == 0ms ? 100ms
                                                                 : std::min<std::chrono::milliseconds>(pause * 2, 60s);
  asio::steady_timer timer(io_, pause);
  co_await timer.async_wait(asio::use_awaitable);
  const auto pass = co_await gate(id)->enter();
  const auto container = state_.container(id);
  if (!container || container->phase != Phase::restarting || container->stop_asked) co_return;
  if (auto started = co_await start_inside(id); !started)
    base::log(base::LogLevel::warn, "restarting {}: {}", container->name, started.error().text);
}

void Conductor::tell_waiters(const ContainerId& id, const engine::WaitResult& result) {
  const auto container = state_.container(id);
  const bool comes_back = container && container->phase == Phase::restarting;
  for (auto& waiter : take_if(waiters_, [&](const Waiter& entry) {
         if (entry.id != id) return false;
         return !container || (entry.condition != engine::WaitFor::removed &&
                               (!comes_back || entry.condition == engine::WaitFor::next_exit));
       })) {
    waiter->done(result);
  }
}

engine::Ticket Conductor::wait_container(ContainerId id, engine::WaitFor condition,
                                         engine::Done<engine::WaitResult> done) {
  const auto container = state_.container(id);
  const bool met = !container || (condition == engine::WaitFor::not_running && !container->is_up() &&
                                  container->phase != Phase::restarting);
  if (met) {
    asio::post(io_, [done = std::move(done), result = engine::WaitResult{container ? container->exit_code : 0,
                                                                         ""}]() mutable { done(result); });
    return std::make_unique<engine::Standing>();
  }
  return std::make_unique<ListTicket<Waiter>>(waiters_, Waiter{id, condition, std::move(done)});
}

/// Waits until the container is down; false when the time is up first. Without a timeout it waits for ever.
Task<bool> Conductor::down_within(ContainerId id, std::optional<std::chrono::seconds> timeout) {
  auto timer = std::make_shared<asio::steady_timer>(io_);
  auto down = std::make_shared<bool>(false);
  timer->expires_after(timeout ? std::chrono::steady_clock::duration(*timeout) : std::chrono::hours(24 * 365));
  const auto ticket = wait_container(id, engine::WaitFor::next_exit, [timer, down](auto) {
    *down = true;
    timer->cancel();
  });
  const auto container = state_.container(id);
  if (!container || !container->is_up()) co_return true;
  boost::system::error_code cancelled;
  co_await timer->async_wait(asio::redirect_error(asio::use_awaitable, cancelled));
  co_return *down;
}

void Conductor::stop_container(ContainerId id, std::optional<int> timeout_s, std::optional<int> signal,
                               engine::Done<> done) {
  spawn<void>(stop(id, timeout_s, signal), std::move(done));
}

Task<Result<void>> Conductor::stop(ContainerId id, std::optional<int> timeout_s, std::optional<int> signal) {
  {
    const auto pass = co_await gate(id)->enter();  // behind a start that is under way
    const auto container = state_.container(id);
    if (!container) co_return base::fail(ErrorKind::not_found, "No such container: " + id.text());
    if (container->phase == Phase::restarting || container->is_up()) {
      if (auto asked = settle(engine::StopAsked{id}, facts()); !asked) co_return std::unexpected(asked.error());
    }
    if (!container->is_up()) co_return base::fail(ErrorKind::not_modified, "");
    const int first = signal.value_or(stop_signal(container->spec));
    if (auto sent = world_.runtime->signal(id, container->pid, first); !sent)
      base::log(base::LogLevel::debug, "{}", sent.error().text);
  }
  const int limit = timeout_s.value_or(state_.container(id)->spec.stop_timeout.value_or(10));
  if (!co_await down_within(id, limit < 0 ? std::nullopt : std::optional(std::chrono::seconds(limit)))) {
    if (const auto container = state_.container(id); container && container->is_up())
      (void)world_.runtime->signal(id, container->pid, SIGKILL);
    if (!co_await down_within(id, 10s))
      co_return base::fail(ErrorKind::internal, "cannot stop container: " + id.text() +
                                                    ": tried to kill container, but did not receive an exit event");
  }
  (void)co_await gate(id)->enter();  // its clean-up is over
  if (const auto container = state_.container(id)) {
    publish({.at = world_.clock->now(),
             .type = "container",
             .action = "stop",
             .actor = id.text(),
             .attributes = {{"image", container->spec.image}, {"name", container->name}}});
  }
  co_return Result<void>{};
}

void Conductor::restart_container(ContainerId id, std::optional<int> timeout_s, std::optional<int> signal,
                                  engine::Done<> done) {
  spawn<void>(restart(id, timeout_s, signal), std::move(done));
}

Task<Result<void>> Conductor::restart(ContainerId id, std::optional<int> timeout_s, std::optional<int> signal) {
  auto stopped = co_await stop(id, timeout_s, signal);
  if (!stopped && stopped.error().kind != ErrorKind::not_modified) co_return stopped;
  auto started = co_await start(id);
  if (!started) co_return started;
  const auto container = state_.container(id);
  publish({.at = world_.clock->now(),
           .type = "container",
           .action = "restart",
           .actor = id.text(),
           .attributes = {{"image", container->spec.image}, {"name", container->name}}});
  co_return started;
}

void Conductor::kill_container(ContainerId id, int signal, engine::Done<> done) {
  spawn<void>(kill(id, signal), std::move(done));
}

Task<Result<void>> Conductor::kill(ContainerId id, int signal) {
  const auto pass = co_await gate(id)->enter();
  const auto container = state_.container(id);
  if (!container || container->phase != Phase::running)
    co_return base::fail(ErrorKind::conflict, fmt::format("cannot kill container: {}: container {} is not running",
                                                          container ? container->name : id.short_text(), id.text()));
  if (signal == SIGKILL || signal == stop_signal(container->spec)) {
    if (auto asked = settle(engine::StopAsked{id}, facts()); !asked) co_return std::unexpected(asked.error());
  }
  auto sent = world_.runtime->signal(id, container->pid, signal);
  if (sent) {
    publish({.at = world_.clock->now(),
             .type = "container",
             .action = "kill",
             .actor = id.text(),
             .attributes = {
                 {"image", container->spec.image}, {"name", container->name}, {"signal", std::to_string(signal)}}});
  }
  co_return sent;
}

void Conductor::remove_container(ContainerId id, bool force, bool volumes, engine::Done<> done) {
  spawn<void>(remove(id, force, volumes), std::move(done));
}

Task<Result<void>> Conductor::remove(ContainerId id, bool force, bool volumes) {
  if (const auto container = state_.container(id);
      force && container && (container->is_up() || container->phase == Phase::restarting)) {
    auto stopped = co_await stop(id, 0, SIGKILL);
    if (!stopped && stopped.error().kind != ErrorKind::not_modified) co_return stopped;
  }
  const auto pass = co_await gate(id)->enter();
  if (!state_.container(id)) {
    if (force) co_return Result<void>{};
    co_return base::fail(ErrorKind::not_found, "No such container: " + id.text());
  }
  co_return co_await remove_inside(id, volumes);
}

Task<Result<void>> Conductor::remove_inside(ContainerId id, bool volumes) {
  const auto container = state_.container(id);
  auto decision = co_await carry(engine::RemoveContainer{id}, "remove");
  if (!decision) co_return std::unexpected(decision.error());
  auto removed = co_await on(workers_, [this, id] { return world_.runtime->remove(id); });
  fault_point("remove-cleaned");
  if (volumes) {
    for (const auto& name : container->volumes) (void)world_.volumes->remove(name);
  }
  pauses_.erase(id);
  tell_waiters(id, {container->exit_code, container->error});
  co_return removed;
}

void Conductor::rename_container(ContainerId id, std::string name, engine::Done<> done) {
  spawn<void>(carry_for(id, engine::RenameContainer{id, std::move(name)}, "rename"), std::move(done));
}

void Conductor::resize_container(ContainerId id, std::uint32_t height, std::uint32_t width, engine::Done<> done) {
  const auto container = state_.container(id);
  if (!container || container->phase != Phase::running)
    return done(base::fail(ErrorKind::conflict, fmt::format("Container {} is not running", id.text())));
  done(world_.runtime->resize(id, height, width));
}

}  // namespace fairlead::daemon
