#include "daemon/drift.h"

#include <fcntl.h>

#include <algorithm>
#include <array>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>

#include "base/log.h"
#include "engine/parent_link.h"

namespace fairlead::daemon {
namespace {

namespace asio = boost::asio;
using base::LogLevel;
using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

/// One act of another program makes many messages; the first repair waits for their end. A change of the firewall is
/// one transaction, and what it kept out may come in until it is undone: that does not wait.
constexpr milliseconds kFirstPause{10}, kLongestPause{1000}, kClosely{500};

/// At most this part of the time goes into a struggle.
constexpr int kShare = 10;

Task<bool> repair(Applier& applier, const engine::State& state, Doubt doubt) {
  const auto began = Clock::now();
  const auto repaired = co_await applier.observe_and_repair(state, std::move(doubt), LogLevel::warn, "drift");
  const auto took = std::chrono::duration_cast<milliseconds>(Clock::now() - began);
  if (!repaired) {
    base::log(LogLevel::error, "repairing what another program removed: {} ({})", repaired.error().text,
              repaired.error().context);
  } else if (repaired->steps > 0) {
    base::log(LogLevel::warn, "another program removed what containers need: {} steps of repair took {} ms",
              repaired->steps, took.count());
  } else {
    base::log(LogLevel::debug, "nothing to repair: it took {} ms to see", took.count());
  }
  co_return repaired && repaired->failed == 0;
}

bool lost_link(const ports::Losses& losses, const engine::Network& network) {
  if (!engine::has_parent(network)) return losses.links.contains(network.bridge);
  return losses.links.contains(network.parent.name) || losses.links.contains(engine::shim_of(network));
}

bool lost_address(const ports::Losses& losses, const engine::Subnet& subnet) {
  return std::ranges::any_of(losses.addresses, [&](const base::Prefix& gone) {
    const auto* shim = engine::host_address(subnet);
    return (subnet.gateway && gone.address() == *subnet.gateway) || (shim && gone.address() == *shim);
  });
}

bool lost_route(const ports::Losses& losses, const base::Prefix& destination) {
  return std::ranges::find(losses.routes, destination) != losses.routes.end();
}

void doubt_network(const ports::Losses& losses, const engine::Network& network, Doubt& doubt) {
  const bool link = lost_link(losses, network);
  const bool lost = link || std::ranges::any_of(network.subnets, [&](const engine::Subnet& subnet) {
                      return lost_address(losses, subnet) || lost_route(losses, subnet.prefix.network());
                    });
  if (lost) doubt.scopes.insert(network.id);
  // Several networks share a tagged link, so it is the host's.
  if (link && network.parent.origin == engine::ParentLink::Origin::vlan) doubt.scopes.insert(engine::HostScope{});
}

/// What an endpoint on a parent loses of the host: its link goes with the parent's, its route with the shim's, or with
/// the last address of that.
bool lost_on_parent(const ports::Losses& losses, const engine::Network& network, const engine::Endpoint& endpoint) {
  if (!engine::has_parent(network)) return false;
  const auto address = [&](const engine::Subnet& subnet) { return lost_address(losses, subnet); };
  if (lost_link(losses, network) || std::ranges::any_of(network.subnets, address)) return true;
  return std::ranges::any_of(std::array{endpoint.ipv4, endpoint.ipv6}, [&](const std::optional<base::Prefix>& own) {
    return own && lost_route(losses, base::Prefix(own->address(), own->address().bits()));
  });
}

void doubt_container(const ports::Losses& losses, const engine::State& state, const engine::Container& container,
                     Doubt& doubt) {
  for (const auto& attachment : container.attachments) {
    if (!container.sandbox || !attachment.endpoint) continue;
    const auto network = state.network(attachment.network);
    if (losses.links.contains(attachment.endpoint->host_link)) {
      // A port may have left its bridge because the bridge is going, which is announced later.
      doubt.scopes.insert(attachment.network);
    } else if (!network || !lost_on_parent(losses, *network, *attachment.endpoint)) {
      continue;
    }
    doubt.scopes.insert(*container.sandbox);
  }
}

}  // namespace

Doubt doubt_after(const ports::Losses& losses, const engine::State& state) {
  const auto& settings = state.settings();
  const bool tables = losses.tables.contains(engine::kTable) || losses.tables.contains(engine::kUserTable);
  Doubt doubt{.everything = losses.overflow, .firewall = settings.iptables && tables};
  if ((settings.ip_forward && losses.forwarding.contains(base::Family::v4)) ||
      (state.host().ipv6_forwarding && losses.forwarding.contains(base::Family::v6)))
    doubt.scopes.insert(engine::HostScope{});
  if (losses.links.empty() && losses.addresses.empty() && losses.routes.empty()) return doubt;
  for (const auto& [id, network] : state.networks()) doubt_network(losses, *network, doubt);
  for (const auto& [id, container] : state.containers()) doubt_container(losses, state, *container, doubt);
  return doubt;
}

namespace {

/// The carrier of a link is told whenever anything about that changes: only what is not known yet concerns us.
bool is_news_of_carrier(const ports::Losses& losses, const engine::ParentLink& parent) {
  const auto told = losses.carriers.find(engine::bearer_of(parent));
  if (told == losses.carriers.end() || parent.origin == engine::ParentLink::Origin::isolated) return false;
  return told->second != (parent.health == engine::ParentLink::Health::up);
}

}  // namespace

bool concerns_parents(const ports::Losses& losses, const engine::State& state) {
  return std::ranges::any_of(state.networks(), [&](const auto& entry) {
    if (!engine::has_parent(*entry.second)) return false;
    const auto& parent = entry.second->parent;
    if (losses.overflow || is_news_of_carrier(losses, parent)) return true;
    return std::ranges::any_of(std::array{parent.name, parent.base}, [&](const std::string& name) {
      return losses.links.contains(name) || losses.links_back.contains(name);
    });
  });
}

Task<void> watch_drift(ports::Watch& watch, Applier& applier, const engine::State& state,
                       std::function<Task<Doubt>()> see_parents) {
  const auto executor = co_await asio::this_coro::executor;
  asio::posix::stream_descriptor readable(executor, ::fcntl(watch.fd(), F_DUPFD_CLOEXEC, 0));
  asio::steady_timer timer(executor);
  Doubt doubt;
  auto pause = kFirstPause;
  auto last = Clock::now() - kClosely, began = last;
  const auto note = [&](const ports::Losses& losses) -> Task<void> {
    if (concerns_parents(losses, state)) doubt.add(co_await see_parents());
    doubt.add(doubt_after(losses, state));
  };
  for (;;) {
    // A repair that failed is tried again a few times by itself, then when there is news.
    if (doubt.empty() || pause == kLongestPause)
      co_await readable.async_wait(asio::posix::stream_descriptor::wait_read, asio::use_awaitable);
    auto losses = watch.take();
    if (!losses) {
      base::log(LogLevel::error, "what other programs remove is no longer seen: {}", losses.error().text);
      co_return;
    }
    co_await note(*losses);
    if (doubt.empty()) continue;
    const bool again = Clock::now() - last < kClosely;
    pause = again ? std::min(2 * pause, kLongestPause) : kFirstPause;
    if (again || !doubt.firewall) {
      timer.expires_after(again ? std::max<Clock::duration>(pause, kShare * (last - began)) : pause);
      co_await timer.async_wait(asio::use_awaitable);
      if (const auto more = watch.take()) co_await note(*more);
    }
    began = Clock::now();
    if (co_await repair(applier, state, doubt)) doubt = {};
    last = Clock::now();
  }
}

}  // namespace fairlead::daemon
