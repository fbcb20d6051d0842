#pragma once
/// One question under way to outside servers, and all who wait for its answer.
#include <set>
#include <vector>

#include "doors/dns/asker.h"
#include "doors/dns/limits.h"
#include "doors/dns/upstream.h"

namespace fairlead::dns {

/// Which servers did not answer lately; they are asked last.
class Health {
 public:
  void mark_sick(const engine::Upstream& server, Time until) { sick_[key(server)] = until; }
  void mark_well(const engine::Upstream& server) { sick_.erase(key(server)); }
  /// The healthy first, otherwise in their order.
  std::vector<engine::Upstream> order(std::vector<engine::Upstream> servers, Time now);

 private:
  using Key = std::pair<base::Ip, std::string>;
  static Key key(const engine::Upstream& server) { return {server.address, server.zone}; }
  std::map<Key, Time> sick_;
};

class Flight final : public AttemptOwner {
 public:
  struct Outcome {
    std::string message;     ///< empty: nobody answered
    wire::DnsAnswer answer;  ///< when there is a message
    bool usable = false;     ///< not a server's failure
  };
  /// Called once, at last; may destroy the flight.
  using Landed = std::function<void(Flight&, Outcome)>;

  /// `query` with its options; the flight keeps what it needs of it.
  Flight(Poller& poller, UpstreamSockets& sockets, Health& health, const Limits& limits, std::string key,
         const wire::DnsQuery& query, std::vector<engine::Upstream> servers, Landed landed);
  ~Flight() override;
  void take_off() { ask_next(); }

  const std::string& key() const { return key_; }
  const wire::DnsName& query_name() const { return query_.name; }
  /// Whether others may have its answer.
  bool shared() const { return shared_; }
  std::vector<Waiter> waiters;

  void answered(std::size_t attempt, std::string message, wire::DnsAnswer answer) override;
  void failed(std::size_t attempt) override;

 private:
  struct Try {
    std::size_t server;
    std::unique_ptr<Attempt> attempt;
  };
  void ask_next();
  void ask(std::size_t server, bool tcp);
  void give_up_on(std::size_t attempt);
  void land(Outcome outcome);
  void at_timer();

  Poller& poller_;
  UpstreamSockets& sockets_;
  Health& health_;
  const Limits& limits_;
  std::string key_, message_;
  wire::DnsQuery query_;
  bool shared_;
  std::vector<engine::Upstream> servers_;
  Landed landed_;
  std::vector<Try> tries_;
  std::set<std::size_t> hopeless_;  ///< servers that said that they cannot
  std::size_t asked_ = 0;
  Outcome last_failure_;
  Poller::Ticket timer_ = 0;
  Time deadline_;
};

}  // namespace fairlead::dns
