#include "doors/dns/flight.h"

#include <algorithm>

namespace fairlead::dns {
namespace {

constexpr std::chrono::seconds kSick{5};

bool is_failure(std::uint8_t rcode) {
  return rcode == wire::dns_rcode::server_failure || rcode == wire::dns_rcode::refused ||
         rcode == wire::dns_rcode::not_implemented;
}

}  // namespace

std::vector<engine::Upstream> Health::order(std::vector<engine::Upstream> servers, Time now) {
  if (sick_.empty()) return servers;
  std::erase_if(sick_, [&](const auto& entry) { return entry.second <= now; });
  std::vector<engine::Upstream> ordered;
  for (const bool sick : {false, true}) {
    for (const auto& server : servers) {
      if (sick_.contains(key(server)) == sick) ordered.push_back(server);
    }
  }
  return ordered;
}

Flight::Flight(Poller& poller, UpstreamSockets& sockets, Health& health, const Limits& limits, std::string key,
               const wire::DnsQuery& query, std::vector<engine::Upstream> servers, Landed landed)
    : poller_(poller),
      sockets_(sockets),
      health_(health),
      limits_(limits),
      key_(std::move(key)),
      message_(wire::encode_dns_query(query)),
      query_(query),
      shared_(query.edns_options.empty()),
      servers_(std::move(servers)),
      landed_(std::move(landed)),
      deadline_(poller.now() + limits.patience) {
  query_.edns_options = {};
}

Flight::~Flight() {
  poller_.cancel(timer_);
}

void Flight::ask_next() {
  poller_.cancel(timer_);
  // Each server once after the other, then all once more: the question or its answer may have been lost.
  while (asked_ < 2 * servers_.size() && hopeless_.contains(asked_ % servers_.size())) ++asked_;
  const bool again = asked_ >= servers_.size();
  auto next = deadline_;
  if (asked_ < 2 * servers_.size()) next = std::min(next, poller_.now() + limits_.hedge_after * (again ? 2 : 1));
  timer_ = poller_.at(next, [this] { at_timer(); });
  if (asked_ < 2 * servers_.size()) ask(asked_++ % servers_.size(), false);
}

void Flight::at_timer() {
  timer_ = 0;
  if (!tries_.empty()) health_.mark_sick(servers_[tries_.back().server], poller_.now() + kSick);
  if (poller_.now() >= deadline_) return land(std::move(last_failure_));
  ask_next();
}

void Flight::ask(std::size_t server, bool tcp) {
  const auto number = tries_.size();
  tries_.push_back({server, nullptr});
  auto attempt = tcp ? Attempt::over_tcp(poller_, *this, number, servers_[server], query_, message_)
                     : Attempt::over_udp(sockets_, *this, number, servers_[server], query_, message_);
  if (!attempt) return give_up_on(number);
  tries_[number].attempt = std::move(attempt);
}

void Flight::answered(std::size_t attempt, std::string message, wire::DnsAnswer answer) {
  const auto server = tries_[attempt].server;
  health_.mark_well(servers_[server]);
  if (answer.truncated) {
    const auto spent = std::move(tries_[attempt].attempt);
    return ask(server, true);
  }
  if (is_failure(answer.rcode)) {
    last_failure_ = {std::move(message), std::move(answer), false};
    return give_up_on(attempt);
  }
  land({std::move(message), std::move(answer), true});
}

void Flight::failed(std::size_t attempt) {
  health_.mark_sick(servers_[tries_[attempt].server], poller_.now() + kSick);
  give_up_on(attempt);
}

/// That server will not help: at once to the next, or home if there is none.
void Flight::give_up_on(std::size_t attempt) {
  const auto spent = std::move(tries_[attempt].attempt);
  hopeless_.insert(tries_[attempt].server);
  if (hopeless_.size() == servers_.size()) return land(std::move(last_failure_));
  if (asked_ < servers_.size()) ask_next();
}

void Flight::land(Outcome outcome) {
  poller_.cancel(timer_);
  const auto landed = std::move(landed_);
  landed(*this, std::move(outcome));
}

}  // namespace fairlead::dns
