#include "daemon/applier.h"

#include <algorithm>
#include <set>

#include "base/log.h"
#include "daemon/fault.h"

namespace fairlead::daemon {
namespace {

using base::LogLevel;

ports::Plan inverse_of(const ports::Plan& steps) {
  ports::Plan back;
  for (auto step = steps.rbegin(); step != steps.rend(); ++step) back.push_back(step->inverse());
  return back;
}

/// Kernel creations, then the firewall's transaction as the commit point, then kernel deletions. What cannot be deleted
/// is logged and left for the next start's repair.
base::Result<void> carry_out(ports::Kernel& kernel, ports::Firewall& firewall, const engine::Steps& steps,
                             const std::string& act) {
  if (!steps.make.empty()) {
    if (const auto half = act + "-kernel-half"; fault_armed(half)) {
      (void)kernel.apply(ports::Plan(steps.make.begin(), steps.make.begin() + steps.make.size() / 2));
      fault_point(half);
    }
    if (auto made = kernel.apply(steps.make); !made) return made;
    fault_point(act + "-kernel");
  }
  if (!steps.firewall.empty()) {
    if (auto published = firewall.commit(steps.firewall); !published) {
      if (auto undone = kernel.apply(inverse_of(steps.make)); !undone)
        base::log(LogLevel::error, "taking back a failed change: {}", undone.error().text);
      return published;
    }
    fault_point(act + "-firewall");
  }
  if (!steps.unmake.empty()) {
    if (auto gone = kernel.apply(steps.unmake); !gone)
      base::log(LogLevel::error, "removing what is no longer wanted: {}", gone.error().text);
  }
  return {};
}

}  // namespace

Task<base::Result<void>> Applier::apply(const engine::State& state, std::vector<engine::Scope> scopes,
                                        std::string act) {
  std::vector<ports::Object> before, after;
  for (const auto& scope : scopes) {
    auto desired = engine::render(state, scope);
    auto& book = applied_[scope];
    before.insert(before.end(), book.begin(), book.end());
    after.insert(after.end(), desired.begin(), desired.end());
    if (desired.empty()) {
      applied_.erase(scope);
    } else {
      book = std::move(desired);
    }
  }
  auto steps = engine::diff(before, after);
  if (steps.empty()) co_return base::Result<void>{};
  if (base::log_enabled(LogLevel::debug)) {
    for (const auto* part : {&steps.make, &steps.firewall, &steps.unmake})
      for (const auto& step : *part) base::log_line(LogLevel::debug, ports::describe(step));
  }
  co_return co_await on(thread_, [this, steps = std::move(steps), act = std::move(act)] {
    return carry_out(kernel_, firewall_, steps, act);
  });
}

Task<base::Result<std::size_t>> Applier::observe_and_repair(const engine::State& state, LogLevel level,
                                                            std::string act) {
  std::vector<ports::Object> desired;
  for (const auto& scope : engine::scopes(state)) {
    auto objects = engine::render(state, scope);
    desired.insert(desired.end(), objects.begin(), objects.end());
    applied_[scope] = std::move(objects);
  }
  co_return co_await on(thread_, [this, desired = std::move(desired), level, act]() -> base::Result<std::size_t> {
    std::set<std::string> wanted;
    for (const auto& object : desired) wanted.insert(ports::key_of(object));
    auto applied = kernel_.observe(desired);
    if (!applied) return std::unexpected(applied.error());
    auto rules = firewall_.observe(desired);
    if (!rules) return std::unexpected(rules.error());
    auto strays = kernel_.find_marked(engine::kAliasPrefix, engine::kNetnsPrefix);
    auto stray_rules = firewall_.elements(engine::kTable);
    std::ranges::move(*rules, std::back_inserter(*applied));
    for (auto* found : {&strays, &stray_rules}) {
      if (!*found) return std::unexpected(found->error());
      for (auto& object : **found) {
        // Pins are shared by all daemons of the machine: only those in our own book of removals are ours to delete.
        if (std::holds_alternative<ports::Netns>(object) || wanted.contains(ports::key_of(object))) continue;
        base::log(LogLevel::info, "left over: {}", ports::describe(object));
        applied->push_back(std::move(object));
      }
    }
    auto steps = engine::diff(*applied, desired);
    for (const auto* part : {&steps.make, &steps.firewall, &steps.unmake})
      for (const auto& step : *part) base::log(level, "repair: {}", ports::describe(step));
    if (auto done = carry_out(kernel_, firewall_, steps, act); !done) return std::unexpected(done.error());
    return steps.make.size() + steps.firewall.size() + steps.unmake.size();
  });
}

}  // namespace fairlead::daemon
