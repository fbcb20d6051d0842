#include <fmt/format.h>

#include <algorithm>

#include "engine/decide_parts.h"
#include "engine/endpoints.h"
#include "engine/event_of.h"
#include "engine/fresh_id.h"
#include "engine/network_mode.h"
#include "engine/publish.h"

namespace fairlead::engine {
namespace {

using base::ErrorKind;

/// The container whose network is joined, which must be up.
base::Result<Shared<Container>> target_of(const State& state, const Container& container,
                                          const std::string& reference) {
  auto found = container.joined ? known_container(state, *container.joined) : state.find_container(reference);
  if (!found) return found;
  const auto& target = **found;
  if (target.id == container.id) return base::fail(ErrorKind::internal, "cannot join own network namespace");
  if (target.phase == Phase::restarting) {
    return base::fail(ErrorKind::conflict,
                      fmt::format("Container {} is restarting, wait until the container is running", target.id.text()));
  }
  if (!target.is_up()) {
    return base::fail(ErrorKind::conflict,
                      fmt::format("cannot join network namespace of a non running container: container {} is {}",
                                  target.name, status_word(target)));
  }
  return found;
}

base::Result<void> join(const State& state, Container& container, const std::string& reference, Decision& decision) {
  const auto target = target_of(state, container, reference);
  if (!target) return std::unexpected(target.error());
  container.joined = (*target)->id;
  if (!(*target)->sandbox) return {};  // it lives in the host's namespace, and so do those who join it
  const auto known = state.sandbox(*(*target)->sandbox);
  if (!known) return base::fail(ErrorKind::internal, "the sandbox of container " + (*target)->name + " is not known");
  Sandbox sandbox = *known;
  sandbox.users.insert(container.id);
  container.sandbox = sandbox.id;
  decision.changes.emplace_back(std::move(sandbox));
  return {};
}

base::Result<void> settle(const State& state, Container& container, const Facts& facts, Decision& decision) {
  if (!is_host_mode(container.spec.network_mode)) {
    Sandbox sandbox;
    sandbox.id = fresh_id(state.sandboxes(), facts);
    sandbox.owner = container.id;
    sandbox.users = {container.id};
    sandbox.netns = "fl-" + sandbox.id.short_text();
    container.sandbox = sandbox.id;
    decision.changes.emplace_back(std::move(sandbox));
  }
  for (std::size_t i = 0; i < container.attachments.size(); ++i) {
    if (auto taken = take_endpoint(state, container, i, facts, decision); !taken) return taken;
  }
  return settle_ports(state, container, facts);
}

}  // namespace

base::Result<Decision> decide_one(const State& state, const StartContainer& command, const Facts& facts) {
  const auto known = known_container(state, command.id);
  if (!known) return std::unexpected(known.error());
  Container container = **known;
  if (container.is_up())
    return base::fail(ErrorKind::not_modified, fmt::format("container {} is already running", container.name));
  if (container.phase == Phase::removing || container.phase == Phase::dead) {
    return base::fail(ErrorKind::conflict, "container is marked for removal and cannot be started");
  }
  Decision decision;
  const auto reference = joined_reference(container.spec.network_mode);
  auto wired = reference ? join(state, container, *reference, decision) : settle(state, container, facts, decision);
  if (!wired) return std::unexpected(wired.error());
  if (container.phase != Phase::restarting) container.restart_count = 0;
  container.phase = Phase::starting;
  container.stop_asked = false;
  container.oom_killed = false;
  container.pid = container.monitor_pid = 0;
  container.error.clear();
  decision.changes.emplace_back(std::move(container));
  return decision;
}

base::Result<Decision> decide_one(const State& state, const ContainerStarted& command, const Facts& facts) {
  const auto known = known_container(state, command.id);
  if (!known) return std::unexpected(known.error());
  Container container = **known;
  if (container.phase != Phase::starting) {
    return base::fail(ErrorKind::conflict,
                      fmt::format("container {} is {}, not starting", container.name, status_word(container)));
  }
  container.phase = Phase::running;
  container.pid = command.pid;
  container.monitor_pid = command.monitor_pid;
  container.started = facts.now;
  container.exit_code = 0;
  Decision decision;
  decision.events.push_back(container_event(container, "start", facts.now));
  decision.changes.emplace_back(std::move(container));
  return decision;
}

}  // namespace fairlead::engine
