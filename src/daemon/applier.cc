#include "daemon/applier.h"

#include <algorithm>
#include <ranges>
#include <set>

#include "base/log.h"
#include "daemon/fault.h"
#include "daemon/repair_words.h"

namespace fairlead::daemon {
namespace {

using base::LogLevel;

ports::Plan inverse_of(const ports::Plan& steps) {
  ports::Plan back;
  for (auto step = steps.rbegin(); step != steps.rend(); ++step) back.push_back(step->inverse());
  return back;
}

base::Result<void> make_links(ports::Kernel& kernel, const engine::Steps& steps, const std::string& act) {
  if (steps.make.empty()) return {};
  if (const auto half = act + "-kernel-half"; fault_armed(half)) {
    (void)kernel.apply(ports::Plan(steps.make.begin(), steps.make.begin() + steps.make.size() / 2));
    fault_point(half);
  }
  auto made = kernel.apply(steps.make);
  if (made) fault_point(act + "-kernel");
  return made;
}

base::Result<void> commit_rules(ports::Firewall& firewall, const engine::Steps& steps, const std::string& act) {
  if (steps.firewall.empty()) return {};
  auto committed = firewall.commit(steps.firewall);
  if (committed) fault_point(act + "-firewall");
  return committed;
}

base::Result<void> open_forwarding(ports::Kernel& kernel, const engine::Steps& steps) {
  return steps.forwarding.empty() ? base::Result<void>{} : kernel.apply(steps.forwarding);
}

/// All at once, and if that fails each for itself; how many failed.
std::size_t make_what_can_be(ports::Kernel& kernel, const engine::Steps& steps, const std::string& act) {
  std::size_t failed = 0;
  const auto one_by_one = [&](const ports::Plan& plan) {
    for (const auto& step : plan) {
      const auto made = kernel.apply({step});
      if (made) continue;
      ++failed;
      base::log(LogLevel::error, "repair: {}: {}", ports::describe(step), made.error().text);
    }
  };
  if (!make_links(kernel, steps, act)) one_by_one(steps.make);
  if (!open_forwarding(kernel, steps)) one_by_one(steps.forwarding);
  return failed;
}

/// What cannot be deleted is logged and left for the next start's repair.
void unmake_links(ports::Kernel& kernel, const engine::Steps& steps) {
  if (steps.unmake.empty()) return;
  if (auto gone = kernel.apply(steps.unmake); !gone)
    base::log(LogLevel::error, "removing what is no longer wanted: {}", gone.error().text);
}

/// Kernel creations, then the firewall's transaction as the commit point, then forwarding, then kernel deletions.
base::Result<void> carry_out(ports::Kernel& kernel, ports::Firewall& firewall, const engine::Steps& steps,
                             const std::string& act) {
  const auto see = [](base::Result<void> undone) {
    if (!undone) base::log(LogLevel::error, "taking back a failed change: {}", undone.error().text);
  };
  if (auto made = make_links(kernel, steps, act); !made) return made;
  auto done = commit_rules(firewall, steps, act);
  if (done) {
    done = open_forwarding(kernel, steps);
    if (!done) see(firewall.commit(inverse_of(steps.firewall)));
  }
  if (!done) {
    see(kernel.apply(inverse_of(steps.make)));
    return done;
  }
  unmake_links(kernel, steps);
  return {};
}

/// A host with many containers would bury the log.
void log_wrongs(LogLevel level, const engine::Steps& steps) {
  constexpr std::size_t most_lines = 20;
  const auto wrongs = what_was_wrong(steps);
  for (const auto& wrong : wrongs | std::views::take(most_lines)) base::log(level, "repair: {}", wrong);
  if (wrongs.size() > most_lines) base::log(level, "repair: and {} things more", wrongs.size() - most_lines);
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
    for (const auto* part : {&steps.make, &steps.firewall, &steps.forwarding, &steps.unmake})
      for (const auto& step : *part) base::log_line(LogLevel::debug, ports::describe(step));
  }
  co_return co_await on(thread_, [this, steps = std::move(steps), act = std::move(act)] {
    return carry_out(kernel_, firewall_, steps, act);
  });
}

Task<base::Result<Repaired>> Applier::observe_and_repair(const engine::State& state, Doubt doubt, LogLevel level,
                                                         std::string act) {
  std::vector<ports::Object> desired;
  for (const auto& scope : engine::scopes(state)) {
    if (!doubt.everything && !doubt.firewall && !doubt.scopes.contains(scope)) continue;
    auto objects = engine::render(state, scope);
    std::ranges::copy_if(objects, std::back_inserter(desired), [&](const ports::Object& object) {
      return doubt.everything || (engine::is_firewall(object) ? doubt.firewall : doubt.scopes.contains(scope));
    });
    applied_[scope] = std::move(objects);
  }
  co_return co_await on(
      thread_, [this, desired = std::move(desired), doubt, level, act] { return repair(desired, doubt, level, act); });
}

base::Result<Repaired> Applier::repair(const std::vector<ports::Object>& desired, const Doubt& doubt, LogLevel level,
                                       const std::string& act) {
  std::set<std::string> wanted;
  for (const auto& object : desired) wanted.insert(ports::key_of(object));
  auto applied = kernel_.observe(desired);
  if (!applied) return std::unexpected(applied.error());
  auto rules = firewall_.observe(desired);
  if (!rules) return std::unexpected(rules.error());
  std::ranges::move(*rules, std::back_inserter(*applied));
  const auto add_strays = [&](base::Result<std::vector<ports::Object>> found) -> base::Result<void> {
    if (!found) return std::unexpected(found.error());
    for (auto& object : *found) {
      // Pins are shared by all daemons of the machine: only those in our own book of removals are ours to delete.
      if (std::holds_alternative<ports::Netns>(object) || wanted.contains(ports::key_of(object))) continue;
      applied->push_back(std::move(object));
    }
    return {};
  };
  if (doubt.everything) {
    std::vector<ports::NetnsName> inside;
    for (const auto& object : desired) {
      if (const auto* netns = std::get_if<ports::Netns>(&object)) inside.push_back(netns->name);
    }
    if (auto added = add_strays(kernel_.find_marked(engine::kAliasPrefix, engine::kNetnsPrefix, inside)); !added)
      return std::unexpected(added.error());
  }
  if (doubt.everything || doubt.firewall) {
    // The table itself is a stray where people want no firewall of ours (--iptables=false).
    auto table = firewall_.observe({ports::FirewallSkeleton{engine::kTable, {}}});
    const bool is_there = table && !table->empty();
    if (auto added = add_strays(std::move(table)); !added) return std::unexpected(added.error());
    auto elements = is_there ? firewall_.elements(engine::kTable) : std::vector<ports::Object>{};
    if (auto added = add_strays(std::move(elements)); !added) return std::unexpected(added.error());
  }
  const auto steps = engine::diff(*applied, desired);
  log_wrongs(level, steps);
  if (auto committed = commit_rules(firewall_, steps, act); !committed) return std::unexpected(committed.error());
  const auto failed = make_what_can_be(kernel_, steps, act);
  unmake_links(kernel_, steps);
  return Repaired{steps.make.size() + steps.firewall.size() + steps.forwarding.size() + steps.unmake.size(), failed};
}

}  // namespace fairlead::daemon
