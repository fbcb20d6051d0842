#include "doors/docker/client_end.h"

#include <boost/asio/experimental/awaitable_operators.hpp>

namespace fairlead::docker {

namespace asio = boost::asio;
using boost::system::error_code;

ClientEnd::ClientEnd(const asio::any_io_executor& executor, Hijacked hijacked)
    : socket_(executor, asio::local::stream_protocol(), hijacked.socket.release()),
      turn_(executor, asio::steady_timer::time_point::max()),
      ahead_(std::move(hijacked.ahead)) {}

Task<bool> ClientEnd::send(std::string_view bytes) {
  error_code ignored;
  while (sending_ && !dropped_) co_await turn_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  if (dropped_) co_return false;
  sending_ = true;
  const bool sent = co_await send_bytes(socket_, bytes);
  sending_ = false;
  turn_.cancel();
  co_return sent && !dropped_;
}

Task<std::optional<std::string_view>> ClientEnd::receive() {
  if (!input_) input_ = std::make_unique<std::array<char, input_size>>();
  if (!ahead_.empty()) {
    const auto taken = ahead_.copy(input_->data(), input_->size());
    ahead_.erase(0, taken);
    co_return std::string_view(input_->data(), taken);
  }
  error_code error;
  const auto got =
      co_await socket_.async_read_some(asio::buffer(*input_), asio::redirect_error(asio::use_awaitable, error));
  if (error) co_return std::nullopt;
  co_return std::string_view(input_->data(), got);
}

void ClientEnd::drop() {
  dropped_ = true;
  error_code ignored;
  socket_.shutdown(Socket::shutdown_both, ignored);
  socket_.cancel(ignored);
  turn_.cancel();
}

Task<void> ClientEnd::finish() {
  using namespace asio::experimental::awaitable_operators;
  if (dropped_) co_return;
  error_code ignored;
  socket_.shutdown(Socket::shutdown_send, ignored);
  ahead_.clear();
  const auto drain = [this]() -> Task<void> {
    while (co_await receive()) continue;
  };
  asio::steady_timer limit(socket_.get_executor(), std::chrono::seconds(2));
  co_await (drain() || limit.async_wait(asio::redirect_error(asio::use_awaitable, ignored)));
}

}  // namespace fairlead::docker
