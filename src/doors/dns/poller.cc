#include "doors/dns/poller.h"

#include <algorithm>
#include <array>
#include <climits>

namespace fairlead::dns {

base::Result<Poller> Poller::open() {
  base::Fd epoll(epoll_create1(EPOLL_CLOEXEC));
  if (!epoll) return base::fail_errno(errno, "making an epoll descriptor");
  return Poller(std::move(epoll));
}

Poller::Ticket Poller::watch(int fd, std::uint32_t events, Watch& watch) {
  epoll_event event{.events = events, .data = {.u64 = ++last_}};
  if (epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) != 0) return 0;
  watches_.emplace(last_, &watch);
  return last_;
}

void Poller::change(Ticket ticket, int fd, std::uint32_t events) {
  epoll_event event{.events = events, .data = {.u64 = ticket}};
  epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, fd, &event);
}

void Poller::unwatch(Ticket& ticket, int fd) {
  if (watches_.erase(std::exchange(ticket, 0)) != 0) epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, fd, nullptr);
}

Poller::Ticket Poller::at(Time when, std::function<void()> act) {
  timers_.emplace(std::pair(when, ++last_), std::move(act));
  timer_times_.emplace(last_, when);
  return last_;
}

void Poller::cancel(Ticket& timer) {
  const auto known = timer_times_.find(std::exchange(timer, 0));
  if (known == timer_times_.end()) return;
  timers_.erase({known->second, known->first});
  timer_times_.erase(known);
}

Time Poller::now() {
  if (now_ == Time{}) now_ = std::chrono::steady_clock::now();
  return now_;
}

int Poller::wait_for(std::chrono::milliseconds longest) {
  int timeout = longest.count() > INT_MAX ? -1 : static_cast<int>(longest.count());
  if (timers_.empty()) return timeout;
  const auto left = timers_.begin()->first.first - std::chrono::steady_clock::now();
  const auto ms = std::clamp<std::int64_t>(std::chrono::ceil<std::chrono::milliseconds>(left).count(), 0, INT_MAX);
  return timeout < 0 ? static_cast<int>(ms) : std::min(timeout, static_cast<int>(ms));
}

void Poller::run_timers() {
  while (!timers_.empty() && timers_.begin()->first.first <= now()) {
    auto due = timers_.extract(timers_.begin());
    timer_times_.erase(due.key().second);
    due.mapped()();
  }
}

void Poller::run_once(std::chrono::milliseconds longest) {
  std::array<epoll_event, 64> events;
  const int count = epoll_wait(epoll_.get(), events.data(), events.size(), wait_for(longest));
  now_ = {};
  for (int i = 0; i < count; ++i) {
    // Looked up, because what was served before may have ended this one.
    const auto& event = events[static_cast<std::size_t>(i)];
    if (const auto found = watches_.find(event.data.u64); found != watches_.end()) found->second->ready(event.events);
  }
  if (!timers_.empty()) run_timers();
}

}  // namespace fairlead::dns
