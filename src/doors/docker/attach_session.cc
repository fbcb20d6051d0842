#include "doors/docker/attach_session.h"

#include <sys/socket.h>

#include <boost/asio/experimental/awaitable_operators.hpp>
#include <cerrno>

#include "wire/detach_keys.h"
#include "wire/stream_frame.h"

namespace fairlead::docker {
namespace {

namespace asio = boost::asio;
using Conmon = asio::posix::stream_descriptor;

/// conmon writes at most 8 KiB and its kind byte per packet, and reads at most 32 KiB (conmon 2.1, conn_sock.h).
constexpr std::size_t most_received = 16 << 10, most_sent = 8 << 10, gather_size = 64 << 10;
constexpr char kind_output = 2, kind_error = 3;

enum class Gathered { more, dry, ended };

/// Receives packets into `buffer` behind `used`, framed, until there is no room or nothing left.
Gathered gather(int conmon, const AttachOptions& options, std::span<char> buffer, std::size_t& used) {
  const std::size_t header = options.tty ? 0 : wire::frame_header_size;
  while (buffer.size() - used >= header + most_received) {
    char kind = 0;
    char* const at = buffer.data() + used;
    iovec parts[2] = {{&kind, 1}, {at + header, most_received}};
    msghdr message{};
    message.msg_iov = parts;
    message.msg_iovlen = 2;
    const auto got = ::recvmsg(conmon, &message, MSG_DONTWAIT);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0 && errno == EAGAIN) return Gathered::dry;
    if (got <= 0) return Gathered::ended;
    const bool wanted = (kind == kind_output && options.output) || (kind == kind_error && options.error);
    if (!wanted || got == 1) continue;
    const auto payload = static_cast<std::size_t>(got - 1);
    if (!options.tty)
      wire::put_frame_header(at, kind == kind_error ? wire::StreamKind::error : wire::StreamKind::output,
                             static_cast<std::uint32_t>(payload));
    used += header + payload;
  }
  return Gathered::more;
}

Task<void> carry_output(Conmon& conmon, ClientEnd& client, const AttachOptions& options) {
  std::vector<char> buffer(gather_size);
  for (;;) {
    std::size_t used = 0;
    const auto gathered = gather(conmon.native_handle(), options, buffer, used);
    if (used > 0 && !co_await client.send({buffer.data(), used})) co_return;
    if (gathered == Gathered::ended) co_return;
    if (gathered == Gathered::more)
      co_await give_way();
    else if (!co_await ready(conmon, Conmon::wait_read))
      co_return;
  }
}

/// False when the container takes no more input.
Task<bool> send_input(Conmon& conmon, std::string_view bytes) {
  while (!bytes.empty()) {
    const auto sent =
        ::send(conmon.native_handle(), bytes.data(), std::min(bytes.size(), most_sent), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent >= 0) {
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    } else if (errno == EAGAIN) {
      if (!co_await ready(conmon, Conmon::wait_write)) co_return false;
    } else if (errno != EINTR) {
      co_return false;
    }
  }
  co_return true;
}

/// True when the detach keys were typed; false at the end of the input.
Task<bool> carry_input(Conmon& conmon, ClientEnd& client, const AttachOptions& options) {
  wire::DetachWatch watch(options.detach_keys);
  std::string typed;
  while (const auto piece = co_await client.receive()) {
    if (!options.tty) {
      if (!co_await send_input(conmon, *piece)) co_return false;
      continue;
    }
    typed.clear();
    const bool detached = watch.feed(*piece, typed);
    if (!co_await send_input(conmon, typed)) co_return false;
    if (detached) co_return true;
  }
  if (options.tty) {
    co_await send_input(conmon, watch.held());
  } else {
    // The container sees the end of its standard input (where it was opened for one client only).
    ::shutdown(conmon.native_handle(), SHUT_WR);
  }
  co_return false;
}

/// Completes when the client detached, and never otherwise.
Task<void> until_detached(Conmon& conmon, ClientEnd& client, const AttachOptions& options) {
  if (options.input && co_await carry_input(conmon, client, options)) co_return;
  Gate never(co_await asio::this_coro::executor);
  co_await never.wait();
}

}  // namespace

Task<AttachEnd> run_attach(ClientEnd& client, base::Fd conmon, AttachOptions options) {
  using namespace asio::experimental::awaitable_operators;
  Conmon stream(co_await asio::this_coro::executor, conmon.release());
  const auto end =
      co_await (carry_output(stream, client, options) || until_detached(stream, client, options) || client.gone());
  co_return end.index() == 0 ? AttachEnd::container : end.index() == 1 ? AttachEnd::detached : AttachEnd::client;
}

}  // namespace fairlead::docker
