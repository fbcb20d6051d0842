#pragma once
/// One sandbox's sockets, view and askers.
#include <memory>

#include "doors/dns/counters.h"
#include "doors/dns/forwarder.h"
#include "doors/dns/tcp_client.h"
#include "ports/resolver.h"

namespace fairlead::dns {

/// What all sandboxes share on the serving thread.
struct Shop {
  Poller poller;
  Limits limits;
  std::unique_ptr<Forwarder> forwarder;
  std::size_t connections = 0;
  /// Takes over what other threads ordered, so that an answer is never older than an order that came before its
  /// question.
  std::function<void()> take_orders;
};

class SandboxDoor final : public TcpHost {
 public:
  using View = std::shared_ptr<const engine::NameView>;

  SandboxDoor(Shop& shop, std::uint64_t number, ports::ResolverSockets sockets, View view,
              std::shared_ptr<Counters> counters);
  ~SandboxDoor() override;

  void update(View view) { view_ = std::move(view); }
  /// Stops taking questions; those that came later stay in the sockets.
  void shut();

  void deliver(const Asker& asker, wire::DnsBytes answer, bool failure);

  std::optional<std::size_t> respond(wire::DnsBytes message, std::uint64_t connection,
                                     std::span<std::uint8_t> out) override;
  void ended(std::uint64_t connection, bool by_us) override;

 private:
  struct Listener final : Watch {
    explicit Listener(SandboxDoor& one) : door(one) {}
    void ready(std::uint32_t) override { door.accept_clients(); }
    SandboxDoor& door;
  };
  struct Datagrams final : Watch {
    explicit Datagrams(SandboxDoor& one) : door(one) {}
    void ready(std::uint32_t) override { door.serve_datagrams(); }
    SandboxDoor& door;
  };
  void serve_datagrams();
  void accept_clients();
  std::optional<std::size_t> answer(wire::DnsBytes message, const Asker& asker, std::span<std::uint8_t> out);
  std::size_t answer_outside(const wire::DnsQuery& query, const Asker& asker, std::span<std::uint8_t> out);

  Shop& shop_;
  std::uint64_t number_;
  ports::ResolverSockets sockets_;
  View view_;
  std::shared_ptr<Counters> counters_;
  Datagrams datagrams_{*this};
  Listener listener_{*this};
  Poller::Ticket udp_ticket_ = 0, tcp_ticket_ = 0;
  std::map<std::uint64_t, std::unique_ptr<TcpClient>> clients_;
  std::uint64_t last_client_ = 0;
  std::uint32_t turn_ = 0;
  std::size_t asked_ = 0;  ///< askers that wait for an outside answer
};

}  // namespace fairlead::dns
