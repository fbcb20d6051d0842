#include "daemon/conductor.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <thread>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include "base/log.h"
#include "daemon/conductor_parts.h"
#include "daemon/fault.h"
#include "engine/codec.h"
#include "engine/parent_link.h"
#include "engine/publish.h"

namespace fairlead::daemon {

namespace asio = boost::asio;

Conductor::Conductor(asio::io_context& io, World world, engine::Settings settings)
    : io_(io),
      world_(std::move(world)),
      state_(std::move(settings)),
      applier_(*world_.kernel, *world_.firewall),
      exits_(io),
      workers_(8) {}

Conductor::~Conductor() {
  exits_.release();  // the descriptor belongs to the runtime
  flow_thread_.join();
  workers_.join();
}

void Conductor::offload(std::move_only_function<void()> work, std::move_only_function<void()> then) {
  auto guard = asio::make_work_guard(io_);
  asio::post(workers_, [this, guard = std::move(guard), work = std::move(work), then = std::move(then)]() mutable {
    work();
    asio::post(io_, std::move(then));
  });
}

engine::Facts Conductor::facts(ports::HostFacts host) const {
  std::vector<base::Prefix> bridge;
  if (const auto& settings = state_.settings(); settings.foreign_bridge) bridge = host.link_addresses[settings.bridge];
  return {.now = world_.clock->now(),
          .host = std::move(host),
          .entropy = [] { return base::fresh_entropy(); },
          .cpus = static_cast<int>(std::thread::hardware_concurrency()),
          .foreign_bridge_addresses = std::move(bridge)};
}

Task<engine::Facts> Conductor::facts_with_host() {
  auto host = co_await applier_.in_queue([this] { return world_.kernel->host_facts(); });
  if (!host) base::log(base::LogLevel::warn, "reading the host's routes: {}", host.error().text);
  co_return facts(host.value_or(ports::HostFacts{}));
}

/// With what the kernel has of the links that the network would be made of. It is asked each time: a module may have
/// been installed since.
Task<engine::Facts> Conductor::facts_for(const engine::CreateNetwork& wanted) {
  auto given = co_await facts_with_host();
  const auto kinds = engine::link_kinds(state_, wanted);
  if (kinds.empty()) co_return given;
  auto lacking = co_await applier_.in_queue([this, kinds] { return world_.kernel->lacking(kinds); });
  if (!lacking) base::log(base::LogLevel::warn, "asking for kinds of link: {}", lacking.error().text);
  given.lacking = std::move(lacking).value_or(std::set<std::string>());
  co_return given;
}

Result<engine::Decision> Conductor::settle(const engine::Command& command, const engine::Facts& given) {
  auto decision = decide(command, given);
  if (!decision) return decision;
  if (auto stored = commit(*decision); !stored) return std::unexpected(stored.error());
  return decision;
}

Result<void> Conductor::commit(engine::Decision& decision) {
  auto records = engine::encode(decision.changes);
  // What leaves the State with a namespace of its own leaves a note behind until its pin is gone: pins are found by no
  // other mark.
  for (const auto& change : decision.changes) {
    const auto* erase = std::get_if<engine::Erase>(&change);
    auto netns = erase ? engine::netns_of(state_, *erase) : std::string();
    if (netns.empty()) continue;
    records.push_back({kRemovalRecord, netns, std::string("{}")});
    netns_to_remove_.push_back(std::move(netns));
  }
  const auto ports = engine::ports_touched(state_, decision.changes);
  if (auto stored = world_.store->commit(records); !stored) {
    world_.sockets->release(ports.taken);
    if (!ports.given.empty()) hold_ports();
    return stored;
  }
  auto flows = engine::flows_touched(state_, decision.changes);
  std::ranges::move(flows, std::back_inserter(flows_to_forget_));
  const auto names = engine::names_touched(state_, decision.changes);
  for (const auto& change : decision.changes) state_.apply(change);
  world_.names->refresh(state_, names);
  world_.sockets->release(ports.given);
  for (const auto& change : decision.changes) {
    if (const auto* container = std::get_if<engine::Container>(&change)) lead_ports(*container);
  }
  for (auto& event : decision.events) publish(std::move(event));
  return {};
}

Task<Result<void>> Conductor::apply(std::vector<engine::Scope> scopes, std::string act) {
  auto done = std::exchange(netns_to_remove_, {});
  auto flows = std::exchange(flows_to_forget_, {});
  auto applied = co_await applier_.apply(state_, std::move(scopes), std::move(act));
  forget_flows(std::move(flows));
  if (!done.empty()) {
    std::vector<ports::RecordChange> records;
    for (auto& name : done) records.push_back({kRemovalRecord, std::move(name), std::nullopt});
    if (auto stored = world_.store->commit(records); !stored)
      base::log(base::LogLevel::error, "{}", stored.error().text);
  }
  co_return applied;
}

Task<Result<engine::Decision>> Conductor::carry(engine::Command command, std::string act,
                                                std::optional<engine::Facts> given) {
  auto decision = decide(command, given ? *std::move(given) : facts());
  if (!decision) co_return decision;
  auto scopes = engine::touched(state_, decision->changes);
  engine::Decision back;
  for (const auto& change : decision->changes) back.changes.push_back(engine::inverse(state_, change));
  if (auto stored = commit(*decision); !stored) co_return std::unexpected(stored.error());
  fault_point(act + "-stored");
  if (auto applied = co_await apply(std::move(scopes), act); !applied) {
    co_await take_back(std::move(back));
    co_return std::unexpected(applied.error());
  }
  co_return decision;
}

/// Puts the records that a failed decision changed back to what they were, and the host with them.
Task<void> Conductor::take_back(engine::Decision back) {
  auto scopes = engine::touched(state_, back.changes);
  const bool had_ports = !engine::ports_touched(state_, back.changes).taken.empty();
  if (auto stored = commit(back); !stored) base::log(base::LogLevel::error, "taking back: {}", stored.error().text);
  if (had_ports) hold_ports();
  if (auto applied = co_await apply(std::move(scopes), "undo"); !applied)
    base::log(base::LogLevel::error, "taking back: {}", applied.error().text);
}

Task<Result<void>> Conductor::carry_for(ContainerId id, engine::Command command, std::string act) {
  const auto pass = co_await gate(id)->enter();
  auto decision = co_await carry(std::move(command), std::move(act));
  if (!decision) co_return std::unexpected(decision.error());
  const auto container = state_.container(id);
  if (!container || !container->sandbox || !world_.names->is_missing(state_, *container->sandbox))
    co_return Result<void>{};
  // Its first user-defined network while it runs: from now on it asks the name server.
  auto served = co_await serve_names(*container->sandbox);
  if (served) rewrite_resolv_conf(*container);
  co_return served;
}

/// Opens the sandbox's name sockets and begins to answer on them.
Task<Result<void>> Conductor::serve_names(base::SandboxId id) {
  const auto sandbox = state_.sandbox(id);
  if (!sandbox || !world_.names->is_missing(state_, id)) co_return Result<void>{};
  auto sockets =
      co_await applier_.in_queue([this, id, netns = sandbox->netns] { return world_.names->open(id, netns); });
  if (!sockets) co_return std::unexpected(sockets.error());
  world_.names->serve(state_, id, std::move(*sockets));
  co_return Result<void>{};
}

std::shared_ptr<Gate> Conductor::gate(const ContainerId& id) {
  std::erase_if(gates_, [](const auto& entry) { return entry.second.expired(); });
  auto& slot = gates_[id];
  auto found = slot.lock();
  if (!found) slot = found = std::make_shared<Gate>();
  return found;
}

void Conductor::background(Task<void> task) {
  asio::co_spawn(io_, std::move(task), [](std::exception_ptr failure) {
    try {
      if (failure) std::rethrow_exception(failure);
    } catch (const std::exception& error) {
      base::log(base::LogLevel::error, "a background task ended: {}", error.what());
    }
  });
}

void Conductor::publish(engine::Event event) {
  events_.push_back(event);
  if (events_.size() > 1024) events_.pop_front();
  for (const auto& listener : std::list(listeners_)) (*listener)(event);
}

void Conductor::create_network(engine::CreateNetwork request, engine::Done<engine::NetworkCreated> done) {
  spawn<engine::NetworkCreated>(
      [](Conductor* self, engine::CreateNetwork wanted) -> Task<Result<engine::NetworkCreated>> {
        auto given = co_await self->facts_for(wanted);
        auto decision = co_await self->carry(std::move(wanted), "network", std::move(given));
        if (!decision) co_return std::unexpected(decision.error());
        co_return engine::NetworkCreated{std::get<NetworkId>(decision->made),
                                         fmt::format("{}", fmt::join(decision->warnings, "\n"))};
      }(this, std::move(request)),
      std::move(done));
}

void Conductor::remove_network(NetworkId id, engine::Done<> done) {
  spawn<void>(
      [](Conductor* self, NetworkId network) -> Task<Result<void>> {
        auto decision = co_await self->carry(engine::RemoveNetwork{network}, "network");
        if (!decision) co_return std::unexpected(decision.error());
        co_return Result<void>{};
      }(this, id),
      std::move(done));
}

void Conductor::connect_network(ContainerId container, ports::EndpointRequest request, engine::Done<> done) {
  spawn<void>(carry_for(container, engine::Connect{container, std::move(request)}, "connect"), std::move(done));
}

void Conductor::disconnect_network(ContainerId container, std::string network, bool force, engine::Done<> done) {
  spawn<void>(carry_for(container, engine::Disconnect{container, std::move(network), force}, "connect"),
              std::move(done));
}

engine::Ticket Conductor::subscribe(std::function<void(const engine::Event&)> on_event) {
  return std::make_unique<ListTicket<Listener>>(listeners_, std::move(on_event));
}

}  // namespace fairlead::daemon
