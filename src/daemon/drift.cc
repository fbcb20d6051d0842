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

/// One act of another program makes many messages; the first repair waits for their end.
constexpr milliseconds kFirstPause{20}, kLongestPause{5000}, kClosely{1000};

Task<void> repair(Applier& applier, const engine::State& state) {
  const auto began = Clock::now();
  const auto repaired = co_await applier.observe_and_repair(state, LogLevel::warn, "drift");
  const auto took = std::chrono::duration_cast<milliseconds>(Clock::now() - began);
  if (!repaired) {
    base::log(LogLevel::error, "repairing what another program removed: {} ({})", repaired.error().text,
              repaired.error().context);
  } else if (*repaired > 0) {
    base::log(LogLevel::warn, "another program removed what containers need: {} steps of repair took {} ms", *repaired,
              took.count());
  } else {
    base::log(LogLevel::debug, "nothing to repair: it took {} ms to see", took.count());
  }
}

}  // namespace

bool concerns(const ports::Losses& losses, const engine::State& state) {
  if (losses.overflow) return true;
  if (state.settings().iptables && losses.tables.contains(engine::kTable)) return true;
  const auto is_lost = [&](const base::Ip& ip) {
    return std::ranges::any_of(losses.addresses, [&](const base::Prefix& prefix) { return prefix.address() == ip; });
  };
  for (const auto& [id, network] : state.networks()) {
    if (losses.links.contains(network->bridge)) return true;
    if (engine::has_parent(*network) &&
        (losses.links.contains(network->parent.name) || losses.links.contains(engine::shim_of(*network))))
      return true;
    for (const auto& subnet : network->subnets) {
      if (subnet.gateway && is_lost(*subnet.gateway)) return true;
    }
  }
  if (losses.links.empty()) return false;
  return std::ranges::any_of(state.containers(), [&](const auto& entry) {
    return std::ranges::any_of(entry.second->attachments, [&](const engine::Attachment& attachment) {
      return attachment.endpoint && losses.links.contains(attachment.endpoint->host_link);
    });
  });
}

bool concerns_parents(const ports::Losses& losses, const engine::State& state) {
  return std::ranges::any_of(state.networks(), [&](const auto& entry) {
    if (!engine::has_parent(*entry.second)) return false;
    const auto& parent = entry.second->parent;
    return losses.overflow || std::ranges::any_of(std::array{parent.name, parent.base}, [&](const std::string& name) {
             return losses.links.contains(name) || losses.links_back.contains(name);
           });
  });
}

Task<void> watch_drift(ports::Watch& watch, Applier& applier, const engine::State& state,
                       std::function<Task<void>()> see_parents) {
  const auto executor = co_await asio::this_coro::executor;
  asio::posix::stream_descriptor readable(executor, ::fcntl(watch.fd(), F_DUPFD_CLOEXEC, 0));
  asio::steady_timer timer(executor);
  auto pause = kFirstPause;
  auto last = Clock::time_point::min();
  for (;;) {
    co_await readable.async_wait(asio::posix::stream_descriptor::wait_read, asio::use_awaitable);
    auto losses = watch.take();
    if (!losses) {
      base::log(LogLevel::error, "what other programs remove is no longer seen: {}", losses.error().text);
      co_return;
    }
    if (concerns_parents(*losses, state)) co_await see_parents();
    if (!concerns(*losses, state)) continue;
    const bool again = last != Clock::time_point::min() && Clock::now() - last < kClosely;
    pause = again ? std::min(2 * pause, kLongestPause) : kFirstPause;
    timer.expires_after(pause);
    co_await timer.async_wait(asio::use_awaitable);
    (void)watch.take();  // the repair sees to these as well
    co_await repair(applier, state);
    last = Clock::now();
  }
}

}  // namespace fairlead::daemon
