#pragma once
#include <chrono>
#include <cstddef>
#include <cstdint>

namespace fairlead::dns {

using std::chrono::milliseconds;

/// What the name server takes on at most. Sizes in bytes.
struct Limits {
  std::uint32_t local_ttl = 600;  ///< seconds; what Docker's own server says of container names

  milliseconds hedge_after{500};        ///< without an answer by then the next server is asked too
  milliseconds patience{4000};          ///< for all servers together, as Docker
  std::size_t flights = 1024;           ///< questions under way to outside servers
  std::size_t asked_per_sandbox = 256;  ///< askers of one sandbox that wait for those
  std::size_t cache_bytes = 2 << 20;
  std::uint32_t cache_ttl = 3600, negative_ttl = 300;  ///< seconds; upper bounds

  std::size_t connections_per_sandbox = 32, connections = 1024;
  milliseconds idle_connection{10'000};    ///< since its last whole question (RFC 7766 §6.2.3: a few seconds)
  std::size_t question = 4096;             ///< longer ones over TCP end the connection
  std::size_t unsent_answers = 128 << 10;  ///< a client that does not read its answers is not read from either
  std::size_t waiting_per_connection = 16;
};

/// What happened in one sandbox so far.
struct Counts {
  std::uint64_t udp = 0, tcp = 0;        ///< questions
  std::uint64_t local = 0;               ///< answered here, also with "no such name"
  std::uint64_t absent = 0;              ///< of these: no such name
  std::uint64_t outside = 0;             ///< handed to outside servers, or answered from the cache
  std::uint64_t cached = 0, joined = 0;  ///< of these: from the cache; under way already for somebody else
  std::uint64_t failed = 0;              ///< of these: no server answered in time
  std::uint64_t overload = 0;            ///< turned away because too much was under way
  std::uint64_t malformed = 0;
  std::uint64_t closed_connections = 0;  ///< ended by us: idle, too many, or talking nonsense
};

}  // namespace fairlead::dns
