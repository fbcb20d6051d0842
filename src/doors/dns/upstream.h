#pragma once
/// One question to one outside server, with an id and a port that are hard to guess (RFC 5452).
#include <memory>
#include <string>

#include "doors/dns/upstream_sockets.h"
#include "wire/dns_answer.h"

namespace fairlead::dns {

/// Who asked; told exactly once how it went, and may destroy the attempt then.
class AttemptOwner {
 public:
  virtual ~AttemptOwner() = default;
  virtual void answered(std::size_t attempt, std::string message, wire::DnsAnswer answer) = 0;
  virtual void failed(std::size_t attempt) = 0;
};

class Attempt : public Watch {
 public:
  /// `message` is the question with any id; `attempt` is told back. Null when no socket can be had.
  static std::unique_ptr<Attempt> over_udp(UpstreamSockets& sockets, AttemptOwner& owner, std::size_t attempt,
                                           const engine::Upstream& server, const wire::DnsQuery& query,
                                           std::string message);
  static std::unique_ptr<Attempt> over_tcp(Poller& poller, AttemptOwner& owner, std::size_t attempt,
                                           const engine::Upstream& server, const wire::DnsQuery& query,
                                           std::string message);
};

}  // namespace fairlead::dns
