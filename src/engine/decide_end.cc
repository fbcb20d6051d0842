#include <algorithm>
#include <chrono>
#include <string>

#include "engine/decide_parts.h"
#include "engine/endpoints.h"
#include "engine/event_of.h"

namespace fairlead::engine {
namespace {

bool restarts(const Container& container, int exit_code) {
  using Kind = ports::RestartPolicy::Kind;
  const auto& policy = container.spec.restart;
  if (container.stop_asked) return false;
  switch (policy.kind) {
    case Kind::no:
      return false;
    case Kind::always:
    case Kind::unless_stopped:
      return true;
    case Kind::on_failure:
      return exit_code != 0 && (policy.max_retries == 0 || container.restart_count < policy.max_retries);
  }
  return false;
}

Event die_event(const Container& container, ports::Time at) {
  const auto ran = container.started == Time{}
                       ? std::chrono::seconds(0)
                       : std::chrono::duration_cast<std::chrono::seconds>(at - container.started);
  return container_event(container, "die", at,
                         {{"exitCode", std::to_string(container.exit_code)},
                          {"execDuration", std::to_string(std::max<std::int64_t>(ran.count(), 0))}});
}

}  // namespace

base::Result<Decision> decide_one(const State& state, const ContainerExited& command, const Facts& facts) {
  const auto known = known_container(state, command.id);
  if (!known) return std::unexpected(known.error());
  // An exit may be told twice (by the monitor, and by what is found at start-up): the second says nothing new.
  if (!(*known)->is_up()) return Decision{};
  Container container = **known;
  Decision decision;
  // The time of a file can lag behind the clock that stamped the start.
  const auto at = command.at == Time{} ? facts.now : std::max(command.at, container.started);
  container.exit_code = command.exit_code;
  container.oom_killed = command.oom_killed;
  container.finished = at;
  if (container.phase == Phase::starting) container.started = at;
  if (command.oom_killed) decision.events.push_back(container_event(container, "oom", at));
  decision.events.push_back(die_event(container, at));
  container.phase = restarts(container, command.exit_code) ? Phase::restarting : Phase::exited;
  if (container.phase == Phase::restarting) ++container.restart_count;
  container.pid = container.monitor_pid = 0;
  give_back(state, container, at, decision);
  decision.changes.emplace_back(std::move(container));
  return decision;
}

base::Result<Decision> decide_one(const State& state, const StartFailed& command, const Facts& facts) {
  const auto known = known_container(state, command.id);
  if (!known) return std::unexpected(known.error());
  Container container = **known;
  if (container.phase == Phase::running) {
    return base::fail(base::ErrorKind::conflict, "container " + container.name + " is running: its start did not fail");
  }
  Decision decision;
  container.error = command.error;
  container.exit_code = command.exit_code;
  const bool had_begun = container.phase == Phase::starting;
  // As Docker shows it: what never ran is still `created`.
  if (container.phase == Phase::starting || container.phase == Phase::restarting) {
    container.phase = container.started == Time{} ? Phase::created : Phase::exited;
  }
  container.pid = container.monitor_pid = 0;
  if (had_begun) {
    give_back(state, container, facts.now, decision);
    Event died = die_event(container, facts.now);
    died.attributes.insert_or_assign("execDuration", "0");
    decision.events.push_back(std::move(died));
  }
  decision.changes.emplace_back(std::move(container));
  return decision;
}

base::Result<Decision> decide_one(const State& state, const StopAsked& command, const Facts&) {
  const auto known = known_container(state, command.id);
  if (!known) return std::unexpected(known.error());
  Container container = **known;
  container.stop_asked = true;
  if (container.phase == Phase::restarting) container.phase = Phase::exited;  // the pause before its restart ends it
  return Decision{.changes = {std::move(container)}};
}

}  // namespace fairlead::engine
