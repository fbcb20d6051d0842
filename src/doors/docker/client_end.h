#pragma once
/// The client's end of a connection that attach or exec took over.
#include <array>
#include <optional>

#include "doors/docker/stream_io.h"

namespace fairlead::docker {

/// Used by several coroutines of one thread; it must outlive them.
class ClientEnd {
 public:
  ClientEnd(const boost::asio::any_io_executor& executor, Hijacked hijacked);

  /// Sends all of `bytes`; senders take turns. False once the client is gone or dropped.
  Task<bool> send(std::string_view bytes);
  bool is_sending() const { return sending_; }
  /// What the client sent, valid until the next call; none once it ended its side.
  Task<std::optional<std::string_view>> receive();
  /// Completes when the client closed the connection.
  Task<void> gone() { co_await ready(socket_, Socket::wait_error); }
  /// Ends the connection at once; whoever sends is told false.
  void drop();
  /// Ends our side and gives the client a moment to read what was sent: unread input would reset the connection.
  Task<void> finish();

 private:
  static constexpr std::size_t input_size = 32 << 10;
  Socket socket_;
  boost::asio::steady_timer turn_;
  std::string ahead_;
  std::unique_ptr<std::array<char, input_size>> input_;
  bool sending_ = false, dropped_ = false;
};

}  // namespace fairlead::docker
