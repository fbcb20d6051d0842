#pragma once
#include <netinet/in.h>

#include "wire/dns_message.h"

namespace fairlead::dns {

/// Where an answer goes. Sandboxes and connections are named by number: they may be gone by then.
struct Asker {
  std::uint64_t sandbox = 0;
  std::uint64_t connection = 0;  ///< 0: over UDP
  sockaddr_in from{};            ///< over UDP
};

/// One who waits for an outside answer.
struct Waiter {
  Asker asker;
  wire::DnsQuery query;   ///< its id, spelling and EDNS; without options
  std::size_t limit = 0;  ///< the longest answer it takes
};

/// Gives answers of outside servers back to those who asked.
class Answers {
 public:
  virtual ~Answers() = default;
  virtual void deliver(const Asker& asker, wire::DnsBytes answer) = 0;
  /// None of its servers answered: it is told so by `answer`.
  virtual void deliver_failure(const Asker& asker, wire::DnsBytes answer) = 0;
};

}  // namespace fairlead::dns
