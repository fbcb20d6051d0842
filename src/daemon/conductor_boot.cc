/// Start-up: what was stored, what the host shows, and the difference.
#include <algorithm>
#include <set>

#include "adapters/linux/firewall.h"
#include "base/log.h"
#include "daemon/conductor_parts.h"
#include "daemon/drift.h"
#include "daemon/fault.h"
#include "engine/codec.h"

namespace fairlead::daemon {

using engine::Phase;
using Health = engine::ParentLink::Health;

namespace {

bool is_kept_up(const engine::Container& container) {
  using Kind = ports::RestartPolicy::Kind;
  const auto kind = container.spec.restart.kind;
  return kind == Kind::always || kind == Kind::unless_stopped;
}

}  // namespace

Result<void> Conductor::load() {
  auto records = world_.store->load();
  if (!records) return std::unexpected(records.error());
  for (const auto& record : *records) {
    if (record.kind == kRemovalRecord) {
      netns_to_remove_.push_back(record.key);
      continue;
    }
    auto change = engine::decode(record);
    if (!change) return std::unexpected(change.error());
    state_.apply(*change);
  }
  return {};
}

/// Removes the namespace pins whose sandbox had left the State when the daemon last ended.
Task<void> Conductor::finish_removals() {
  ports::Plan steps;
  for (const auto& name : netns_to_remove_) steps.push_back({.before = ports::Netns{name}, .after = {}});
  if (steps.empty()) co_return;
  auto removed = co_await applier_.in_queue([this, steps] { return world_.kernel->apply(steps); });
  if (!removed) base::log(base::LogLevel::error, "removing left-over namespaces: {}", removed.error().text);
  (void)co_await apply({}, "boot");  // erases the notes
}

Task<Result<void>> Conductor::boot() {
  if (auto loaded = load(); !loaded) co_return loaded;
  const auto given = co_await facts_with_host();
  ephemeral_ = {given.host.first_ephemeral, given.host.last_ephemeral};
  hold_ports();
  world_.sockets->forget_earlier();
  auto decision = settle(engine::BootHost{}, given);
  if (!decision) co_return std::unexpected(decision.error());
  fault_point("boot-stored");
  co_await finish_removals();
  if (auto repaired = co_await applier_.observe_and_repair(state_, {.everything = true}, base::LogLevel::debug, "boot");
      !repaired)
    co_return std::unexpected(repaired.error());
  fault_point("boot-applied");
  world_.names->take_over(state_);
  for (const auto& scope : engine::scopes(state_)) {
    const auto* sandbox = std::get_if<base::SandboxId>(&scope);
    auto served = sandbox ? co_await serve_names(*sandbox) : Result<void>{};
    if (!served) base::log(base::LogLevel::error, "serving names: {}", served.error().text);
  }
  if (auto taken = co_await take_over(); !taken) co_return taken;
  background(watch_exits());
  background(watch_drift(*world_.watch, applier_, state_, [this] { return see_parents(); }));
  co_return Result<void>{};
}

void Conductor::leave() {
  const auto scopes = engine::scopes(state_);
  if (std::ranges::any_of(scopes, [](const auto& scope) { return std::holds_alternative<base::SandboxId>(scope); }))
    return;
  if (auto dropped = world_.keeper->drop({linuxnet::table_socket_key}); !dropped)
    base::log(base::LogLevel::warn, "letting go of the firewall table: {}", dropped.error().text);
}

/// What was seen stays true when something cannot be made of it, so nothing is taken back.
Task<Doubt> Conductor::see_parents() {
  Doubt left;
  auto decision = decide(engine::ParentsSeen{}, co_await facts_with_host());
  if (!decision) co_return left;
  const auto scopes = engine::touched(state_, decision->changes);
  const auto kept_down = kept_down_by_parents(*decision);
  if (auto stored = commit(*decision); !stored) {
    base::log(base::LogLevel::error, "after a change of a parent interface: {}", stored.error().text);
    co_return left;
  }
  for (const auto& scope : scopes) {
    const auto applied = co_await apply({scope}, "parents");
    if (applied) continue;
    base::log(base::LogLevel::error, "after a change of a parent interface: {}", applied.error().text);
    left.scopes.insert(scope);
  }
  start_again(kept_down);
  co_return left;
}

/// Whom a restart policy had given up while the parent was away; asked before the State knows of its return.
std::vector<ContainerId> Conductor::kept_down_by_parents(const engine::Decision& seen) const {
  std::set<engine::NetworkId> back;
  for (const auto& change : seen.changes) {
    const auto* network = std::get_if<engine::Network>(&change);
    const auto before = network ? state_.network(network->id) : nullptr;
    if (before && before->parent.health == Health::missing && network->parent.health != Health::missing)
      back.insert(network->id);
  }
  std::vector<ContainerId> found;
  for (const auto& [id, container] : state_.containers()) {
    const bool is_there = std::ranges::any_of(container->attachments, [&](const engine::Attachment& attachment) {
      return back.contains(attachment.network);
    });
    if (is_there && container->phase == Phase::exited && !container->stop_asked && is_kept_up(*container))
      found.push_back(id);
  }
  return found;
}

void Conductor::start_again(const std::vector<ContainerId>& ids) {
  for (const auto& id : ids) {
    spawn<void>(start(id), [id](Result<void> started) {
      if (!started) base::log(base::LogLevel::error, "starting {} again: {}", id.short_text(), started.error().text);
    });
  }
}

/// Brings the records of containers in line with their processes, then restarts those that should be up.
Task<Result<void>> Conductor::take_over() {
  std::vector<ContainerId> known;
  for (const auto& [id, container] : state_.containers()) known.push_back(id);
  auto observed = co_await on(workers_, [this, known] { return world_.runtime->observe(known); });
  if (!observed) co_return std::unexpected(observed.error());
  std::map<ContainerId, ports::ObservedContainer> seen;
  for (auto& one : *observed) seen.emplace(one.id, one);

  std::vector<ContainerId> to_start;
  for (const auto& id : known) {
    const auto container = state_.container(id);
    const auto found = seen.find(id);
    const bool runs = found != seen.end() && found->second.running;
    if (container->phase == Phase::created) {
      if (auto prepared = world_.runtime->prepare(id); !prepared)
        base::log(base::LogLevel::error, "{}", prepared.error().text);
    }
    if (container->phase == Phase::starting && !runs) {
      // A start that was cut short: what it took is given back, then it is done again from the beginning.
      (void)co_await on(workers_, [this, id] { return world_.runtime->cleanup(id); });
      (void)co_await carry(engine::StartFailed{id, "", 0}, "boot");
      to_start.push_back(id);
    } else if (container->phase == Phase::starting) {
      (void)settle(engine::ContainerStarted{id, found->second.pid, container->monitor_pid}, facts());
    } else if (container->phase == Phase::running && found != seen.end() && found->second.waiting) {
      if (auto released = co_await on(workers_, [this, id] { return world_.runtime->release(id); }); !released)
        base::log(base::LogLevel::error, "releasing {}: {}", container->name, released.error().text);
    } else if (container->phase == Phase::running && !runs) {
      const bool told = found != seen.end() && found->second.exit;
      co_await ended_inside(told ? *found->second.exit : ports::ExitNotice{id, 137, false, world_.clock->now()});
    } else if (container->phase == Phase::restarting) {
      background(restart_later(id));
    }
    const auto now = state_.container(id);
    if (!now) continue;
    const bool always = now->spec.restart.kind == ports::RestartPolicy::Kind::always;
    if (is_kept_up(*now) && now->phase == Phase::exited && (always || !now->stop_asked)) to_start.push_back(id);
    if (now->phase == Phase::exited && now->spec.auto_remove) (void)co_await remove_inside(id, true);
  }
  start_again(to_start);
  co_return Result<void>{};
}

}  // namespace fairlead::daemon
