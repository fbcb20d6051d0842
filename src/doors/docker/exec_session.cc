#include "doors/docker/exec_session.h"

#include <boost/asio/experimental/awaitable_operators.hpp>
#include <cerrno>

#include "wire/detach_keys.h"
#include "wire/stream_frame.h"

namespace fairlead::docker {
namespace {

namespace asio = boost::asio;
using namespace asio::experimental::awaitable_operators;
using Pipe = asio::posix::stream_descriptor;
using boost::system::error_code;

constexpr std::size_t piece_size = 64 << 10;
/// How long output may still come from children that outlive the process (Docker gives them as long).
constexpr std::chrono::seconds straggler_time{2};

std::optional<Pipe> to_pipe(const asio::any_io_executor& executor, base::Fd fd) {
  if (!fd) return std::nullopt;
  Pipe pipe(executor, fd.release());
  error_code ignored;
  pipe.native_non_blocking(true, ignored);
  return pipe;
}

class ExecSession {
 public:
  ExecSession(const asio::any_io_executor& executor, engine::ExecStreams streams, std::unique_ptr<ClientEnd> client,
              ExecOptions options)
      : terminal_(to_pipe(executor, std::move(streams.terminal))),
        input_(to_pipe(executor, std::move(streams.input))),
        output_(to_pipe(executor, std::move(streams.output))),
        error_(to_pipe(executor, std::move(streams.error))),
        client_(std::move(client)),
        options_(std::move(options)),
        ended_(std::make_shared<Gate>(executor)),
        never_(executor) {}

  std::shared_ptr<Gate> ended() const { return ended_; }
  Task<void> run();

 private:
  Task<void> carry(std::optional<Pipe>& from, wire::StreamKind kind);
  Task<void> outputs();
  Task<void> stragglers();
  Task<bool> write_input(std::string_view bytes);
  Task<bool> carry_input();
  /// Never completes: serves the input, and lets go of a client that leaves.
  Task<void> inputs();
  Task<void> watch_client();
  void close_input() {
    error_code ignored;
    if (input_) input_->close(ignored);
  }

  std::optional<Pipe> terminal_, input_, output_, error_;
  std::unique_ptr<ClientEnd> client_;
  ExecOptions options_;
  std::shared_ptr<Gate> ended_;
  Gate never_;
  std::uint64_t pieces_ = 0;  ///< read so far
};

Task<void> ExecSession::carry(std::optional<Pipe>& from, wire::StreamKind kind) {
  if (!from) co_return;
  const std::size_t header = terminal_ ? 0 : wire::frame_header_size;
  std::vector<char> buffer(piece_size);
  for (;;) {
    const auto got = ::read(from->native_handle(), buffer.data() + header, buffer.size() - header);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0 && errno == EAGAIN) {
      if (!co_await ready(*from, Pipe::wait_read)) co_return;
      continue;
    }
    // A terminal without processes reads as EIO (pty(7)).
    if (got <= 0) co_return;
    ++pieces_;
    const auto payload = static_cast<std::size_t>(got);
    if (header) wire::put_frame_header(buffer.data(), kind, static_cast<std::uint32_t>(payload));
    if (client_) co_await client_->send({buffer.data(), header + payload});
    co_await give_way();
  }
}

Task<void> ExecSession::outputs() {
  co_await (carry(terminal_, wire::StreamKind::output) && carry(output_, wire::StreamKind::output) &&
            carry(error_, wire::StreamKind::error) && ended_->wait());
}

Task<void> ExecSession::stragglers() {
  co_await ended_->wait();
  asio::steady_timer timer(co_await asio::this_coro::executor);
  for (auto before = pieces_ + 1; before != pieces_ || (client_ && client_->is_sending());) {
    before = pieces_;
    error_code ignored;
    timer.expires_after(straggler_time);
    co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  }
}

Task<bool> ExecSession::write_input(std::string_view bytes) {
  auto& to = terminal_ ? terminal_ : input_;
  while (!bytes.empty()) {
    if (!to || !to->is_open()) co_return false;
    const auto written = ::write(to->native_handle(), bytes.data(), bytes.size());
    if (written >= 0) {
      bytes.remove_prefix(static_cast<std::size_t>(written));
    } else if (errno == EAGAIN) {
      if (!co_await ready(*to, Pipe::wait_write)) co_return false;
    } else if (errno != EINTR) {
      co_return false;
    }
  }
  co_return true;
}

/// True when the detach keys were typed.
Task<bool> ExecSession::carry_input() {
  wire::DetachWatch watch(options_.detach_keys);
  std::string typed;
  while (const auto piece = co_await client_->receive()) {
    if (!terminal_) {
      if (!co_await write_input(*piece)) co_return false;
      continue;
    }
    typed.clear();
    const bool detached = watch.feed(*piece, typed);
    if (!co_await write_input(typed)) co_return false;
    if (detached) co_return true;
  }
  if (terminal_) co_await write_input(watch.held());
  co_return false;
}

Task<void> ExecSession::inputs() {
  if (client_ && options_.input) {
    if (co_await carry_input()) client_->drop();
  }
  close_input();
  co_await never_.wait();
}

Task<void> ExecSession::watch_client() {
  if (client_) {
    co_await client_->gone();
    client_->drop();
    close_input();
  }
  co_await never_.wait();
}

Task<void> ExecSession::run() {
  co_await (outputs() || stragglers() || inputs() || watch_client());
  if (client_) co_await client_->finish();
}

}  // namespace

Task<void> run_exec(engine::Service& service, base::ExecId id, engine::ExecStreams streams,
                    std::unique_ptr<ClientEnd> client, ExecOptions options) {
  ExecSession session(co_await asio::this_coro::executor, std::move(streams), std::move(client), std::move(options));
  const auto ticket = service.wait_exec(id, [ended = session.ended()] { ended->open(); });
  co_await session.run();
}

}  // namespace fairlead::docker
