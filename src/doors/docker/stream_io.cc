#include "doors/docker/stream_io.h"

#include <sys/socket.h>

#include <cerrno>

namespace fairlead::docker {
namespace {

/// Drops the first `sent` bytes of `parts`.
std::span<iovec> skip(std::span<iovec> parts, std::size_t sent) {
  while (!parts.empty() && sent >= parts.front().iov_len) {
    sent -= parts.front().iov_len;
    parts = parts.subspan(1);
  }
  if (!parts.empty()) {
    parts.front().iov_base = static_cast<char*>(parts.front().iov_base) + sent;
    parts.front().iov_len -= sent;
  }
  return parts;
}

}  // namespace

Task<bool> send_parts(Socket& socket, std::span<iovec> parts) {
  parts = skip(parts, 0);
  while (!parts.empty()) {
    msghdr message{};
    message.msg_iov = parts.data();
    message.msg_iovlen = parts.size();
    const auto sent = ::sendmsg(socket.native_handle(), &message, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent >= 0) {
      parts = skip(parts, static_cast<std::size_t>(sent));
    } else if (errno == EAGAIN) {
      if (!co_await ready(socket, Socket::wait_write)) co_return false;
    } else if (errno != EINTR) {
      co_return false;
    }
  }
  co_return true;
}

Task<bool> send_bytes(Socket& socket, std::string_view bytes) {
  iovec part{const_cast<char*>(bytes.data()), bytes.size()};
  co_return co_await send_parts(socket, {&part, 1});
}

Task<void> give_way() {
  co_await boost::asio::post(co_await boost::asio::this_coro::executor, boost::asio::use_awaitable);
}

}  // namespace fairlead::docker
