/// Host ports: held before a decision that takes them is stored, led and given back with it.
#include <algorithm>
#include <boost/asio/post.hpp>

#include "base/log.h"
#include "daemon/conductor_parts.h"
#include "daemon/fault.h"
#include "engine/publish.h"

namespace fairlead::daemon {

namespace {

/// How often another port is chosen for one that another program turns out to have.
constexpr int kAttempts = 1000;

const engine::Container* publisher_of(const engine::Decision& decision, const ports::HostPort& port, bool& chosen) {
  for (const auto& change : decision.changes) {
    const auto* container = std::get_if<engine::Container>(&change);
    if (!container) continue;
    const auto at = std::ranges::find(container->published, port, &engine::Published::host);
    if (at == container->published.end()) continue;
    chosen = at->chosen;
    return container;
  }
  return nullptr;
}

}  // namespace

Result<engine::Decision> Conductor::decide(const engine::Command& command, engine::Facts given) {
  given.host.first_ephemeral = ephemeral_.first;
  given.host.last_ephemeral = ephemeral_.second;
  for (int attempt = 0;; ++attempt) {
    auto decision = engine::decide(state_, command, given);
    if (!decision) return decision;
    const auto [taken, given_up] = engine::ports_touched(state_, decision->changes);
    if (taken.empty()) return decision;
    const auto held = world_.sockets->hold(taken, given_up);
    if (held) {
      fault_point("publish-held");
      return decision;
    }
    const auto refused = std::ranges::find_if(
        taken, [&](const ports::HostPort& port) { return ports::describe(port) == held.error().context; });
    bool chosen = false;
    const auto* container = refused == taken.end() ? nullptr : publisher_of(*decision, *refused, chosen);
    if (!chosen || attempt == kAttempts) {
      if (!given_up.empty()) hold_ports();
      return std::unexpected(container ? engine::publish_error(state_, *container, held.error()) : held.error());
    }
    given.busy.insert(*refused);
  }
}

void Conductor::lead_ports(const engine::Container& container) {
  std::vector<ports::PortLead> leads;
  for (const auto& published : container.published) {
    if (const auto target = engine::target_of(state_, container, published)) leads.push_back({published.host, *target});
  }
  world_.sockets->lead(leads);
}

/// All that the State has, which are held but at the start and after a decision came to nothing.
void Conductor::hold_ports() {
  for (const auto& [id, container] : state_.containers()) {
    for (const auto& published : container->published) {
      if (published.host.number == 0) continue;
      if (auto held = world_.sockets->hold({published.host}); !held)
        base::log(base::LogLevel::error, "container {}: {}; its clients are still led to it, this program's are not",
                  container->name, held.error().text);
    }
    lead_ports(*container);
  }
}

/// Reading the table of flows costs milliseconds however few it holds: what falls due meanwhile is looked for together.
void Conductor::forget_flows(std::vector<ports::FlowMatch> due) {
  std::ranges::move(due, std::back_inserter(flows_due_));
  if (forgetting_ || flows_due_.empty()) return;
  forgetting_ = true;
  boost::asio::post(flow_thread_, [this, matches = std::exchange(flows_due_, {})] {
    const auto forgotten = world_.flows->forget(matches);
    if (!forgotten)
      base::log(base::LogLevel::warn, "flows of what is gone stay tracked: {}", forgotten.error().text);
    else if (*forgotten > 0)
      base::log(base::LogLevel::debug, "{} tracked flows forgotten", *forgotten);
    boost::asio::post(io_, [this] {
      forgetting_ = false;
      forget_flows({});
    });
  });
}

void Conductor::change_ports(ContainerId id, std::vector<ports::PortBinding> publish,
                             std::vector<ports::PortBinding> unpublish, engine::Done<> done) {
  spawn<void>(carry_for(id, engine::ChangePorts{id, std::move(publish), std::move(unpublish)}, "publish"),
              std::move(done));
}

}  // namespace fairlead::daemon
