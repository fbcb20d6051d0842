#pragma once
#include <sys/epoll.h>

#include <chrono>
#include <functional>
#include <map>
#include <unordered_map>

#include "base/error.h"
#include "base/fd.h"

namespace fairlead::dns {

using Time = std::chrono::steady_clock::time_point;

/// Something that waits for its descriptor.
class Watch {
 public:
  virtual ~Watch() = default;
  virtual void ready(std::uint32_t events) = 0;

 protected:
  Watch() = default;
  Watch(const Watch&) = delete;
  Watch& operator=(const Watch&) = delete;
};

/// Readiness and timers for one thread. A watch may end itself or any other from within `ready`.
class Poller {
 public:
  using Ticket = std::uint64_t;  ///< 0 is none

  static base::Result<Poller> open();

  /// 0 when the kernel refuses.
  Ticket watch(int fd, std::uint32_t events, Watch& watch);
  void change(Ticket ticket, int fd, std::uint32_t events);
  void unwatch(Ticket& ticket, int fd);

  Ticket at(Time when, std::function<void()> act);
  void cancel(Ticket& timer);

  /// The time of this round.
  Time now();
  /// Waits until something is ready or due, and serves it. At most `longest` passes.
  void run_once(std::chrono::milliseconds longest = std::chrono::milliseconds::max());

 private:
  explicit Poller(base::Fd epoll) : epoll_(std::move(epoll)) {}
  int wait_for(std::chrono::milliseconds longest);
  void run_timers();

  base::Fd epoll_;
  std::unordered_map<Ticket, Watch*> watches_;
  std::map<std::pair<Time, Ticket>, std::function<void()>> timers_;
  std::unordered_map<Ticket, Time> timer_times_;
  Ticket last_ = 0;
  Time now_{};
};

}  // namespace fairlead::dns
