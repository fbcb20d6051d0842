#pragma once
/// Small awaitable pieces on raw descriptors, shared by the HTTP connection and the streams.
#include <sys/uio.h>

#include <boost/asio/buffer.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <span>
#include <string_view>

#include "doors/docker/exchange.h"

namespace fairlead::docker {

/// Something that happens once and is awaited by any number of coroutines of the same thread. Cancelling a wait is
/// fine.
class Gate {
 public:
  explicit Gate(const boost::asio::any_io_executor& executor)
      : timer_(executor, boost::asio::steady_timer::time_point::max()) {}
  void open() {
    open_ = true;
    timer_.cancel();
  }
  bool is_open() const { return open_; }
  Task<void> wait() {
    while (!open_) {
      boost::system::error_code ignored;
      co_await timer_.async_wait(boost::asio::redirect_error(boost::asio::use_awaitable, ignored));
      if ((co_await boost::asio::this_coro::cancellation_state).cancelled() != boost::asio::cancellation_type::none)
        co_return;
    }
  }

 private:
  boost::asio::steady_timer timer_;
  bool open_ = false;
};

/// Waits until `stream` (socket or descriptor) is ready; false when it was cancelled or broke.
template <class Stream, class Kind>
Task<bool> ready(Stream& stream, Kind kind) {
  boost::system::error_code error;
  co_await stream.async_wait(kind, boost::asio::redirect_error(boost::asio::use_awaitable, error));
  co_return !error;
}

using Socket = boost::asio::local::stream_protocol::socket;

/// Sends all of `parts` on a non-blocking socket, in one system call when there is room. `parts` is used up.
/// False when the other side is gone.
Task<bool> send_parts(Socket& socket, std::span<iovec> parts);
Task<bool> send_bytes(Socket& socket, std::string_view bytes);

/// Lets others on this thread have a turn.
Task<void> give_way();

}  // namespace fairlead::docker
