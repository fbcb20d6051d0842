#pragma once
#include <array>
#include <boost/unordered/unordered_flat_map.hpp>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "adapters/linux/held_ports.h"

namespace fairlead::linuxnet {

/// TCP between the clients of held ports and the containers that the ports lead to. For one event loop. A connection's
/// end is passed on as it came: a half-close as one, an abort as an abort. Idle ones stay, as the kernel's own
/// translation would have them. Whoever does not read makes the other end wait.
class StreamRelay {
 public:
  /// One port takes at most a quarter of `limit`.
  StreamRelay(int epoll, HeldPorts& ports, std::size_t limit);
  ~StreamRelay();

  void client_arrives(PortRef port);
  void stream_moves(std::uint64_t id, std::uint32_t events);
  /// Ends the streams of ports that are not held any more.
  void end_released();
  /// Some clients are left waiting for a place: call `resume` from time to time.
  bool is_pausing() const { return !paused_.empty(); }
  void resume();

 private:
  struct Side {
    base::Fd socket;
    std::uint32_t interest = 0;
    bool watched = false;
    bool ended = false;                 ///< has sent its last byte
    bool told_end = false;              ///< knows that the other has
    std::vector<std::uint8_t> pending;  ///< for this side, which did not take it yet
  };
  struct Stream {
    PortRef port;
    bool connecting = true;
    std::array<Side, 2> sides;  ///< the client's and the container's
  };

  bool has_place(PortRef port) const;
  void pause(PortRef port);
  bool open(PortRef port, base::Fd client, const ports::PortTarget& target);
  bool advance(Stream& stream, std::size_t side, std::uint32_t events);
  bool connected(Stream& stream);
  bool flush(Side& to, const Side& from);
  bool pump(Side& from, Side& to);
  void rearm(std::uint64_t id, Stream& stream);
  void end(std::uint64_t id);

  const int epoll_;
  HeldPorts& ports_;
  const std::size_t limit_;
  std::uint64_t last_id_ = 0;
  boost::unordered_flat_map<std::uint64_t, std::unique_ptr<Stream>> streams_;
  boost::unordered_flat_map<std::uint32_t, std::size_t> of_slot_;
  std::vector<PortRef> paused_;
  bool place_freed_ = false;
  std::vector<std::uint8_t> scratch_;
};

}  // namespace fairlead::linuxnet
