#pragma once
#include <atomic>

#include "doors/dns/limits.h"

namespace fairlead::dns {

/// One figure, written by the serving thread alone and read by any.
class Counter {
 public:
  // No locked instruction: there is one writer.
  void operator++() { value_.store(value_.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed); }
  std::uint64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> value_ = 0;
};

struct Counters {
  Counter udp, tcp, local, absent, outside, cached, joined, failed, overload, malformed, closed_connections;

  Counts read() const {
    return {
        udp.value(),    tcp.value(),    local.value(),    absent.value(),    outside.value(),           cached.value(),
        joined.value(), failed.value(), overload.value(), malformed.value(), closed_connections.value()};
  }
};

}  // namespace fairlead::dns
