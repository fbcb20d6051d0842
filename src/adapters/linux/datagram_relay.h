#pragma once
#include <chrono>
#include <compare>
#include <cstdint>
#include <list>
#include <map>
#include <optional>
#include <vector>

#include "adapters/linux/datagram_socket.h"
#include "adapters/linux/held_ports.h"

namespace fairlead::linuxnet {

/// UDP between the clients of held ports and the containers that the ports lead to: each client has a socket of its own
/// towards the container, so that answers find back to it. For one event loop.
class DatagramRelay {
 public:
  using Time = std::chrono::steady_clock::time_point;

  /// A client that was silent for `idle` is forgotten, and the longest silent one when a further one would be more than
  /// `limit`.
  DatagramRelay(int epoll, HeldPorts& ports, std::chrono::milliseconds idle, std::size_t limit);

  void datagrams_arrive(PortRef port, Time now);
  void answers_arrive(std::uint64_t session, Time now);
  /// Forgets clients of ports that are not held any more.
  void end_released();
  /// Forgets who was silent for too long. When that happens next, if ever.
  std::optional<Time> expire(Time now);

 private:
  struct Client {
    PortRef port;
    Correspondent at;
    auto operator<=>(const Client&) const = default;
  };
  struct Session {
    std::uint64_t id = 0;
    Client client;
    ports::PortTarget target;
    base::Fd socket;
    Time last;
  };
  using Place = std::list<Session>::iterator;

  Session* session_of(const Client& client, const ports::PortTarget& target);
  base::Fd connect_to(const ports::PortTarget& target, std::uint64_t id);
  void touch(Place session, Time now);
  void end(Place session);

  const int epoll_;
  HeldPorts& ports_;
  const std::chrono::milliseconds idle_;
  const std::size_t limit_;
  std::uint64_t last_id_ = 0;
  std::list<Session> sessions_;  ///< the longest silent first
  std::map<Client, Place> by_client_;
  std::map<std::uint64_t, Place> by_id_;
  std::vector<std::uint8_t> scratch_;
};

}  // namespace fairlead::linuxnet
