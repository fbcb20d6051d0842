#pragma once
#include <memory>
#include <unordered_map>

#include "doors/dns/cache.h"
#include "doors/dns/flight.h"

namespace fairlead::dns {

/// Asks outside servers on behalf of the sandboxes. Equal questions to the same servers share one flight and one
/// answer.
class Forwarder {
 public:
  Forwarder(Poller& poller, Answers& answers, const Limits& limits)
      : poller_(poller), answers_(answers), limits_(limits), cache_(limits.cache_bytes), sockets_(poller) {}

  enum class Course { cached, joined, sent, overload };
  struct Start {
    Course course = Course::overload;
    std::size_t size = 0;  ///< of the answer in `out`, when it was cached
  };
  /// `query` may hold options: such a question is neither shared nor cached. `out` is the asker's limit.
  Start ask(const Asker& asker, const wire::DnsQuery& query, const engine::NameView& view, std::span<std::uint8_t> out);

  bool idle() const { return flights_.empty(); }

 private:
  void landed(Flight& flight, Flight::Outcome outcome);
  void keep(const Flight& flight, const Flight::Outcome& outcome);

  Poller& poller_;
  Answers& answers_;
  const Limits& limits_;
  Cache cache_;
  Health health_;
  UpstreamSockets sockets_;
  std::unordered_map<std::string, std::unique_ptr<Flight>> flights_;
  std::uint64_t unshared_ = 0;
};

}  // namespace fairlead::dns
