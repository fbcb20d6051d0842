#include "adapters/linux/host_sockets.h"

#include <malloc.h>
#include <pthread.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <thread>

#include "adapters/linux/bound_socket.h"
#include "adapters/linux/datagram_relay.h"
#include "adapters/linux/held_ports.h"
#include "adapters/linux/stream_relay.h"
#include "base/descriptor_limit.h"
#include "base/log.h"

namespace fairlead::linuxnet {
namespace {

using Clock = std::chrono::steady_clock;
constexpr std::chrono::seconds retry{1};  // of clients left waiting

class HostSockets : public ports::Sockets {
 public:
  HostSockets(base::Fd epoll, base::Fd wake, const HostSocketsOptions& options)
      : epoll_(std::move(epoll)),
        wake_(std::move(wake)),
        held_(epoll_.get(), options.keeper),
        streams_(epoll_.get(), held_, options.streams),
        datagrams_(epoll_.get(), held_, options.datagram_idle, options.datagram_clients),
        wants_hook_(options.by_kernel) {
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
    pthread_setname_np(thread_.native_handle(), "host-ports");
  }
  ~HostSockets() override {
    thread_.request_stop();
    wake();
  }

  base::Result<void> hold(const std::vector<ports::HostPort>& ports,
                          const std::vector<ports::HostPort>& giving) override {
    auto held = held_.hold(ports, giving);
    if (!giving.empty()) end_released();
    return held;
  }
  void lead(const std::vector<ports::PortLead>& leads) override {
    if (leads.empty()) return;
    held_.lead(leads);
    if (!leads_.exchange(true)) wake();
  }
  void forget_earlier() override { held_.forget_earlier(); }
  void release(const std::vector<ports::HostPort>& ports) override {
    held_.release(ports);
    end_released();
  }
  std::vector<ports::HostPort> held() const override { return held_.held(); }

 private:
  void wake() { eventfd_write(wake_.get(), 1); }
  void end_released() {
    released_ = true;
    wake();
  }
  void run(const std::stop_token& stop);
  void handle(const epoll_event& event, Clock::time_point now);
  int patience();
  void attach_hook();

  const base::Fd epoll_, wake_;
  HeldPorts held_;
  StreamRelay streams_;
  DatagramRelay datagrams_;
  bool wants_hook_;
  std::atomic<bool> leads_ = false, released_ = false;
  std::jthread thread_;
};

void HostSockets::run(const std::stop_token& stop) {
  std::array<epoll_event, 64> events;
  auto paused_since = Clock::now();
  while (!stop.stop_requested()) {
    const int count = epoll_wait(epoll_.get(), events.data(), events.size(), patience());
    const auto now = Clock::now();
    if (wants_hook_ && leads_) attach_hook();
    if (released_.exchange(false)) {
      streams_.end_released();
      datagrams_.end_released();
    }
    for (int i = 0; i < count; ++i) handle(events[static_cast<std::size_t>(i)], now);
    if (!streams_.is_pausing()) {
      paused_since = now;
    } else if (now - paused_since >= retry) {
      streams_.resume();
      paused_since = now;
    }
  }
}

/// With the first port that leads somewhere: until it is attached, and without it, the sockets serve everybody.
void HostSockets::attach_hook() {
  wants_hook_ = false;
  auto hook = LoopbackHook::attach();
  malloc_trim(0);  // the kernel's own types were read, which are megabytes
  if (hook) {
    held_.use(std::move(*hook));
  } else {
    base::log(base::LogLevel::info, "clients at [::1] are led by this program: {} ({})", hook.error().text,
              hook.error().context);
  }
}

void HostSockets::handle(const epoll_event& event, Clock::time_point now) {
  const auto token = EventToken::of(event.data.u64);
  switch (token.kind) {
    case EventToken::wake: {
      eventfd_t count;
      eventfd_read(wake_.get(), &count);
      break;
    }
    case EventToken::streams_port:
      return streams_.client_arrives(token.port());
    case EventToken::datagrams_port:
      return datagrams_.datagrams_arrive(token.port(), now);
    case EventToken::stream:
      return streams_.stream_moves(token.id, event.events);
    case EventToken::session:
      return datagrams_.answers_arrive(token.id, now);
  }
}

/// Milliseconds until something is due of itself; -1 for never.
int HostSockets::patience() {
  const auto now = Clock::now();
  std::optional<Clock::time_point> due = datagrams_.expire(now);
  if (streams_.is_pausing()) due = std::min(due.value_or(now + retry), now + retry);
  if (!due) return -1;
  return static_cast<int>(std::chrono::ceil<std::chrono::milliseconds>(*due - now).count());
}

}  // namespace

base::Result<std::unique_ptr<ports::Sockets>> make_sockets(const HostSocketsOptions& options) {
  base::raise_descriptor_limit();  // a held port costs one
  base::Fd epoll(epoll_create1(EPOLL_CLOEXEC));
  base::Fd wake(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  epoll_event event{.events = EPOLLIN, .data = {.u64 = EventToken{}.packed()}};
  if (!epoll || !wake || epoll_ctl(epoll.get(), EPOLL_CTL_ADD, wake.get(), &event) != 0) {
    return base::fail_errno(errno, "preparing to hold host ports");
  }
  return std::make_unique<HostSockets>(std::move(epoll), std::move(wake), options);
}

}  // namespace fairlead::linuxnet
