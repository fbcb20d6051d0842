#include "doors/dns/name_server.h"

#include <pthread.h>
#include <signal.h>
#include <sys/eventfd.h>

#include <mutex>
#include <thread>

#include "doors/dns/sandbox_door.h"

namespace fairlead::dns {

using base::SandboxId;

/// The serving thread, and the letter box through which other threads reach it.
class NameServer::Thread final : public Answers, public Watch {
 public:
  Thread(Poller poller, base::Fd bell, const Limits& limits)
      : shop_{.poller = std::move(poller),
              .limits = limits,
              .forwarder = nullptr,
              .connections = 0,
              .take_orders = [this] { take_orders(); }},
        bell_(std::move(bell)) {
    shop_.forwarder = std::make_unique<Forwarder>(shop_.poller, *this, shop_.limits);
  }
  ~Thread() override {
    stop_ = true;
    ring();
    if (thread_.joinable()) thread_.join();
  }

  bool start();
  void serve(const SandboxId& sandbox, ports::ResolverSockets sockets, View view);
  void order(const SandboxId& sandbox, View view, bool drop);
  std::optional<Counts> counters(const SandboxId& sandbox) const;

  void deliver(const Asker& asker, wire::DnsBytes answer) override { give(asker, answer, false); }
  void deliver_failure(const Asker& asker, wire::DnsBytes answer) override { give(asker, answer, true); }
  void ready(std::uint32_t) override;

 private:
  struct Order {
    SandboxId sandbox;
    View view;  ///< null: drop
    std::optional<ports::ResolverSockets> sockets;
    std::shared_ptr<Counters> counters;
  };
  void ring();
  void post(Order order);
  void take_orders();
  void run();
  void give(const Asker& asker, wire::DnsBytes answer, bool failure);

  Shop shop_;
  base::Fd bell_;
  std::atomic<bool> stop_ = false, has_orders_ = false;
  mutable std::mutex mutex_;  ///< of the two below
  std::vector<Order> orders_;
  std::map<SandboxId, std::shared_ptr<Counters>> counters_;

  // The serving thread's own.
  std::map<SandboxId, std::uint64_t> numbers_;
  std::unordered_map<std::uint64_t, std::unique_ptr<SandboxDoor>> doors_;
  std::vector<std::unique_ptr<SandboxDoor>> leaving_;  ///< perhaps in the middle of a round
  std::uint64_t last_number_ = 0;
  std::thread thread_;
};

bool NameServer::Thread::start() {
  if (shop_.poller.watch(bell_.get(), EPOLLIN, *this) == 0) return false;
  // Signals are the main thread's business.
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  thread_ = std::thread([this] { run(); });
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  pthread_setname_np(thread_.native_handle(), "names");
  return true;
}

void NameServer::Thread::ring() {
  (void)eventfd_write(bell_.get(), 1);
}

void NameServer::Thread::ready(std::uint32_t) {
  eventfd_t count = 0;
  (void)eventfd_read(bell_.get(), &count);
  take_orders();
}

void NameServer::Thread::post(Order order) {
  {
    const std::scoped_lock lock(mutex_);
    orders_.push_back(std::move(order));
    has_orders_.store(true, std::memory_order_release);
  }
  ring();
}

void NameServer::Thread::serve(const SandboxId& sandbox, ports::ResolverSockets sockets, View view) {
  auto counters = std::make_shared<Counters>();
  {
    const std::scoped_lock lock(mutex_);
    counters_[sandbox] = counters;
  }
  post({sandbox, std::move(view), std::move(sockets), std::move(counters)});
}

void NameServer::Thread::order(const SandboxId& sandbox, View view, bool drop) {
  {
    const std::scoped_lock lock(mutex_);
    if (!counters_.contains(sandbox)) return;
    if (drop) counters_.erase(sandbox);
  }
  post({sandbox, std::move(view), std::nullopt, nullptr});
}

std::optional<Counts> NameServer::Thread::counters(const SandboxId& sandbox) const {
  const std::scoped_lock lock(mutex_);
  const auto found = counters_.find(sandbox);
  if (found == counters_.end()) return std::nullopt;
  return found->second->read();
}

void NameServer::Thread::take_orders() {
  if (!has_orders_.load(std::memory_order_acquire)) return;
  std::vector<Order> orders;
  {
    const std::scoped_lock lock(mutex_);
    orders.swap(orders_);
    has_orders_.store(false, std::memory_order_relaxed);
  }
  for (auto& order : orders) {
    const auto known = numbers_.find(order.sandbox);
    if (order.view && !order.sockets) {
      if (known != numbers_.end()) doors_.at(known->second)->update(std::move(order.view));
      continue;
    }
    if (known != numbers_.end()) {
      auto door = std::move(doors_.extract(known->second).mapped());
      door->shut();
      leaving_.push_back(std::move(door));
      numbers_.erase(known);
    }
    if (!order.view) continue;
    numbers_[order.sandbox] = ++last_number_;
    doors_.emplace(last_number_, std::make_unique<SandboxDoor>(shop_, last_number_, std::move(*order.sockets),
                                                               std::move(order.view), std::move(order.counters)));
  }
}

void NameServer::Thread::give(const Asker& asker, wire::DnsBytes answer, bool failure) {
  if (const auto door = doors_.find(asker.sandbox); door != doors_.end()) door->second->deliver(asker, answer, failure);
}

void NameServer::Thread::run() {
  while (!stop_) {
    shop_.poller.run_once();
    leaving_.clear();
  }
  for (auto& [number, door] : doors_) door->shut();
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(1);
  while (!shop_.forwarder->idle() && std::chrono::steady_clock::now() < until) shop_.poller.run_once(milliseconds(50));
  doors_.clear();
  leaving_.clear();
}

NameServer::NameServer(std::unique_ptr<Thread> thread) : thread_(std::move(thread)) {}
NameServer::~NameServer() = default;

base::Result<std::unique_ptr<NameServer>> NameServer::start(const Limits& limits) {
  auto poller = Poller::open();
  if (!poller) return std::unexpected(poller.error());
  base::Fd bell(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
  if (!bell) return base::fail_errno(errno, "making an event descriptor");
  auto thread = std::make_unique<Thread>(std::move(*poller), std::move(bell), limits);
  if (!thread->start()) return base::fail(base::ErrorKind::internal, "cannot start the name server");
  return std::unique_ptr<NameServer>(new NameServer(std::move(thread)));
}

void NameServer::serve(const SandboxId& sandbox, ports::ResolverSockets sockets, View view) {
  thread_->serve(sandbox, std::move(sockets), std::move(view));
}

void NameServer::update(const SandboxId& sandbox, View view) {
  thread_->order(sandbox, std::move(view), false);
}

void NameServer::drop(const SandboxId& sandbox) {
  thread_->order(sandbox, nullptr, true);
}

std::optional<Counts> NameServer::counters(const SandboxId& sandbox) const {
  return thread_->counters(sandbox);
}

}  // namespace fairlead::dns
