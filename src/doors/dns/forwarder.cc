#include "doors/dns/forwarder.h"

#include <algorithm>
#include <cstring>

#include "doors/dns/answer.h"

namespace fairlead::dns {
namespace {

/// All that makes two questions one: the servers, the name in any case, and what the answer's form depends on.
std::string key_of(const wire::DnsQuery& query, const std::string& servers) {
  std::string key = servers;
  for (const auto byte : query.name.wire())
    key.push_back(static_cast<char>(byte >= 'A' && byte <= 'Z' ? byte + 32 : byte));
  for (const unsigned value : {query.type + 0u, query.klass + 0u}) {
    key.push_back(static_cast<char>(value >> 8));
    key.push_back(static_cast<char>(value));
  }
  key.push_back(static_cast<char>(query.recursion_desired | query.authentic_data << 1 | query.checking_disabled << 2 |
                                  query.edns << 3 | query.dnssec_ok << 4));
  return key;
}

/// The stored answer in the form that this asker takes.
std::size_t fit(const std::string& message, const std::vector<std::uint16_t>& ttl_at, std::uint8_t rcode,
                std::uint32_t age, const wire::DnsQuery& query, std::span<std::uint8_t> out) {
  if (message.size() > out.size()) return truncated_answer(query, rcode, out);
  std::memcpy(out.data(), message.data(), message.size());
  wire::adapt_dns_answer(out.first(message.size()), ttl_at, query, age);
  return message.size();
}

}  // namespace

Forwarder::Start Forwarder::ask(const Asker& asker, const wire::DnsQuery& query, const engine::NameView& view,
                                std::span<std::uint8_t> out) {
  auto key = key_of(query, view.upstream_key);
  if (!query.edns_options.empty()) {
    key += "unshared " + std::to_string(++unshared_);
  } else if (const auto* known = cache_.find(key, poller_.now())) {
    const auto age = std::chrono::duration_cast<std::chrono::seconds>(poller_.now() - known->stored).count();
    const auto rcode = static_cast<std::uint8_t>(known->message[3] & 0x0f);
    return {Course::cached, fit(known->message, known->ttl_at, rcode, static_cast<std::uint32_t>(age), query, out)};
  }
  Waiter waiter{asker, query, out.size()};
  waiter.query.edns_options = {};
  if (const auto under_way = flights_.find(key); under_way != flights_.end()) {
    under_way->second->waiters.push_back(std::move(waiter));
    return {Course::joined, 0};
  }
  if (flights_.size() >= limits_.flights) return {Course::overload, 0};
  auto made = std::make_unique<Flight>(
      poller_, sockets_, health_, limits_, key, query, health_.order(view.upstreams, poller_.now()),
      [this](Flight& flight, Flight::Outcome outcome) { landed(flight, std::move(outcome)); });
  made->waiters.push_back(std::move(waiter));
  auto& flight = *made;
  flights_.emplace(std::move(key), std::move(made));
  flight.take_off();
  return {Course::sent, 0};
}

void Forwarder::landed(Flight& landing, Flight::Outcome outcome) {
  // Out of the book first: an answer may lead to the next question.
  const auto flight = std::move(flights_.extract(landing.key()).mapped());
  if (outcome.usable) keep(*flight, outcome);
  static thread_local std::vector<std::uint8_t> out(wire::kDnsLargest);
  for (const auto& waiter : flight->waiters) {
    const std::span<std::uint8_t> room(out.data(), waiter.limit);
    if (outcome.message.empty()) {
      answers_.deliver_failure(waiter.asker,
                               room.first(empty_answer(waiter.query, wire::dns_rcode::server_failure, room)));
      continue;
    }
    const auto size = fit(outcome.message, outcome.answer.ttl_at, outcome.answer.rcode, 0, waiter.query, room);
    answers_.deliver(waiter.asker, room.first(size));
  }
}

void Forwarder::keep(const Flight& flight, const Flight::Outcome& outcome) {
  const auto& answer = outcome.answer;
  const auto ttl = std::min(answer.ttl.value_or(0), answer.negative ? limits_.negative_ttl : limits_.cache_ttl);
  // The name in our very spelling: a guessed answer would have had to guess that too.
  if (ttl == 0 || answer.name != flight.query_name() || !flight.shared()) return;
  const bool definite = answer.rcode == wire::dns_rcode::no_error || answer.rcode == wire::dns_rcode::no_such_name;
  if (!definite) return;
  cache_.store(
      {flight.key(), outcome.message, answer.ttl_at, poller_.now(), poller_.now() + std::chrono::seconds(ttl)});
}

}  // namespace fairlead::dns
