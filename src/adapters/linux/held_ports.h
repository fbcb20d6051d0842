#pragma once
#include <boost/unordered/unordered_flat_map.hpp>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "adapters/linux/loopback_hook.h"
#include "base/error.h"
#include "base/fd.h"
#include "ports/socket_keeper.h"
#include "ports/sockets.h"

namespace fairlead::linuxnet {

/// One holding of a port; of no meaning any more once the port was released.
struct PortRef {
  std::uint32_t slot = 0;
  std::uint32_t serial = 0;
  auto operator<=>(const PortRef&) const = default;
};

/// What an epoll event is about: `id` is the owner's own, below 2^61.
struct EventToken {
  enum Kind : std::uint8_t { wake, streams_port, datagrams_port, stream, session };
  Kind kind = wake;
  std::uint64_t id = 0;

  static EventToken of(std::uint64_t packed) { return {static_cast<Kind>(packed >> 61), packed & ~0ULL >> 3}; }
  std::uint64_t packed() const { return static_cast<std::uint64_t>(kind) << 61 | id; }
  static EventToken of(Kind kind, PortRef port) {
    return {kind, static_cast<std::uint64_t>(port.slot) << 32 | port.serial};
  }
  PortRef port() const { return {static_cast<std::uint32_t>(id >> 32), static_cast<std::uint32_t>(id)}; }
};

/// The sockets that hold ports, and where each leads to. Thread-safe. Ports that lead somewhere are watched by the
/// given epoll instance, which must outlive this.
class HeldPorts {
 public:
  /// `keeper` may be null: nothing outlives this then.
  HeldPorts(int epoll, ports::SocketKeeper* keeper);

  base::Result<void> hold(const std::vector<ports::HostPort>& ports, const std::vector<ports::HostPort>& giving);
  void lead(const std::vector<ports::PortLead>& leads);
  void forget_earlier();
  void release(const std::vector<ports::HostPort>& ports);
  std::vector<ports::HostPort> held() const;
  /// From now on the kernel leads clients of [::1] where it can.
  void use(std::unique_ptr<LoopbackHook> hook);

  bool is_held(PortRef port) const;
  /// Whether the epoll instance tells of clients at this port.
  void watch(EventToken port, bool on);
  /// Runs `use(socket, target)` while the port cannot be released; false if it was already. Keep it short.
  template <class Use>
  bool with(PortRef port, Use&& use) const {
    const std::scoped_lock lock(mutex_);
    const Slot* slot = find(port);
    if (slot == nullptr || !slot->target) return false;
    use(slot->socket.get(), *slot->target);
    return true;
  }

 private:
  struct Slot {
    base::Fd socket;
    std::uint32_t serial = 0;
    std::optional<ports::PortTarget> target;
    bool kept = false;  ///< a copy is with the keeper
  };
  struct Hash {
    std::size_t operator()(const ports::HostPort& port) const;
  };
  const Slot* find(PortRef port) const;
  bool make_way(const ports::HostPort& port, const std::vector<ports::HostPort>& giving);
  base::Result<bool> hold_one(const ports::HostPort& port);
  std::uint32_t take_slot(base::Fd socket, bool kept);
  void lead_one(const ports::PortLead& lead);
  void keep(const std::vector<ports::PortLead>& leads);
  void close(const std::vector<ports::HostPort>& ports);

  const int epoll_;
  ports::SocketKeeper* const keeper_;
  std::map<std::string, base::Fd> earlier_;  ///< of an earlier process, by key; not asked for yet
  std::unique_ptr<LoopbackHook> hook_;       ///< null: everybody comes to the sockets
  mutable std::mutex mutex_;
  boost::unordered_flat_map<ports::HostPort, std::uint32_t, Hash> index_;
  std::vector<Slot> slots_;
  std::vector<std::uint32_t> free_;
  std::uint32_t last_serial_ = 0;
};

}  // namespace fairlead::linuxnet
