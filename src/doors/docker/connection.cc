#include "doors/docker/connection.h"

#include <sys/socket.h>

#include <array>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/buffer_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/rfc7230.hpp>

#include "base/log.h"
#include "doors/docker/http_reply.h"
#include "wire/docker_target.h"

namespace fairlead::docker {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using boost::system::error_code;
using std::chrono::steady_clock;

constexpr std::size_t read_size = 8 << 10, body_piece_size = 64 << 10;
/// What a handler left unread of a body is read and dropped up to here, so that the connection can go on.
constexpr std::size_t discard_limit = 256 << 10;

class Connection final : public Exchange, public Live {
 public:
  Connection(Socket socket, std::shared_ptr<Shared> shared) : socket_(std::move(socket)), shared_(std::move(shared)) {
    shared_->live.insert(this);
  }
  ~Connection() override { shared_->live.erase(this); }
  Connection(const Connection&) = delete;

  Task<void> run();

  void close_if_late(steady_clock::time_point now) override {
    if (now > deadline_) close();
  }
  void close() override {
    error_code ignored;
    socket_.close(ignored);
  }

  const Ask& ask() const override { return ask_; }
  Task<base::Result<std::string>> body(std::size_t limit) override;
  Task<base::Result<void>> body_into(base::Fd sink) override;
  std::string header(std::string_view name) const override {
    return std::string(parser_->get()[{name.data(), name.size()}]);
  }
  void set_header(std::string_view name, std::string_view value) override { headers_.emplace_back(name, value); }
  Task<void> json(int status, boost::json::value body) override {
    co_await answer(status, "application/json", boost::json::serialize(body) + "\n");
  }
  Task<void> text(int status, std::string content_type, std::string body) override {
    co_await answer(status, content_type, std::move(body));
  }
  Task<void> empty(int status) override { co_await answer(status, {}, {}); }
  Task<void> error(const base::Error& error) override;
  Task<void> begin_stream(int status, std::string content_type) override;
  Task<bool> write(std::string_view bytes) override;
  void cut_off() override { alive_ = false; }
  Task<void> client_gone() override { co_await ready(socket_, Socket::wait_error); }
  Task<base::Result<Hijacked>> hijack(std::string content_type) override;

 private:
  enum class Stage { waiting, answered, streaming, hijacked };
  using Parser = http::request_parser<http::buffer_body>;

  void wait_until(std::chrono::seconds span) { deadline_ = steady_clock::now() + span; }
  void wait_for_ever() { deadline_ = steady_clock::time_point::max(); }
  /// Reads what comes into `buffer_`; false at the end.
  Task<bool> read_more(std::size_t size);
  /// Parses the next request's head. False when there is none: the client left, or an error was answered.
  Task<bool> read_head();
  Task<void> handle();
  base::Result<void> parse_ask();
  Task<void> call_handler(const Match& match);
  /// The next bytes of the body, in `piece_`; empty at its end.
  Task<base::Result<std::string_view>> body_piece();
  Task<void> discard_body();
  Task<void> answer(int status, std::string_view content_type, std::string body);
  Task<void> refuse(int status, std::string_view text);
  Task<void> end_stream();
  Task<void> linger();

  Socket socket_;
  std::shared_ptr<Shared> shared_;
  boost::beast::flat_buffer buffer_;
  std::optional<Parser> parser_;
  steady_clock::time_point deadline_ = steady_clock::time_point::max();
  Ask ask_;
  std::vector<std::pair<std::string, std::string>> headers_;
  std::unique_ptr<std::array<char, body_piece_size>> piece_;
  Stage stage_ = Stage::waiting;
  bool keep_ = true, expects_continue_ = false, chunked_ = false, alive_ = true;
};

Task<bool> Connection::read_more(std::size_t size) {
  error_code error;
  const auto got =
      co_await socket_.async_read_some(buffer_.prepare(size), asio::redirect_error(asio::use_awaitable, error));
  buffer_.commit(got);
  co_return !error;
}

Task<bool> Connection::read_head() {
  parser_.emplace();
  parser_->header_limit(shared_->limits.header_bytes);
  parser_->body_limit(boost::none);
  wait_until(buffer_.size() ? shared_->limits.header_time : shared_->limits.idle_time);
  bool started = buffer_.size() > 0, ended = false;
  for (;;) {
    if (buffer_.size() > 0) {
      error_code error;
      buffer_.consume(parser_->put(buffer_.data(), error));
      if (parser_->is_header_done()) break;
      if (error && error != http::error::need_more) {
        if (error == http::error::header_limit)
          co_await refuse(431, "request headers are larger than this server reads");
        else
          co_await refuse(400, "malformed HTTP request: " + error.message());
        co_return false;
      }
    }
    if (ended) {
      if (started && socket_.is_open()) co_await refuse(400, "malformed HTTP request: it ends within its headers");
      co_return false;
    }
    ended = !co_await read_more(read_size);
    if (!started && buffer_.size() > 0) {
      started = true;
      wait_until(shared_->limits.header_time);
    }
  }
  wait_for_ever();
  co_return true;
}

Task<base::Result<std::string_view>> Connection::body_piece() {
  if (parser_->is_done()) co_return std::string_view();
  if (std::exchange(expects_continue_, false)) co_await send_bytes(socket_, "HTTP/1.1 100 Continue\r\n\r\n");
  if (!piece_) piece_ = std::make_unique<std::array<char, body_piece_size>>();
  auto& sink = parser_->get().body();
  sink.data = piece_->data();
  sink.size = piece_->size();
  bool need_more = buffer_.size() == 0;
  while (!parser_->is_done() && sink.size == piece_->size()) {
    if (need_more) {
      wait_until(shared_->limits.body_time);
      const bool read = co_await read_more(body_piece_size);
      wait_for_ever();
      if (!read) {
        keep_ = false;
        co_return base::fail(base::ErrorKind::invalid, "the request ends within its body");
      }
    }
    error_code error;
    const auto used = parser_->put(buffer_.data(), error);
    buffer_.consume(used);
    need_more = error == http::error::need_more || buffer_.size() == 0;
    if (error && error != http::error::need_more && error != http::error::need_buffer) {
      keep_ = false;
      co_return base::fail(base::ErrorKind::invalid, "malformed HTTP body: " + error.message());
    }
  }
  co_return std::string_view(piece_->data(), piece_->size() - sink.size);
}

Task<base::Result<std::string>> Connection::body(std::size_t limit) {
  std::string whole;
  if (parser_->content_length() && *parser_->content_length() <= limit) whole.reserve(*parser_->content_length());
  for (;;) {
    const auto piece = co_await body_piece();
    if (!piece) co_return std::unexpected(piece.error());
    if (piece->empty()) co_return whole;
    if (whole.size() + piece->size() > limit)
      co_return base::fail(base::ErrorKind::invalid, fmt::format("request body is larger than {} bytes", limit));
    whole += *piece;
  }
}

Task<base::Result<void>> Connection::body_into(base::Fd sink) {
  asio::posix::stream_descriptor pipe(socket_.get_executor(), sink.release());
  for (;;) {
    const auto piece = co_await body_piece();
    if (!piece) co_return std::unexpected(piece.error());
    if (piece->empty()) co_return base::Result<void>();
    error_code error;
    co_await asio::async_write(pipe, asio::buffer(*piece), asio::redirect_error(asio::use_awaitable, error));
    if (error) co_return base::fail(base::ErrorKind::internal, "the body's reader stopped: " + error.message());
  }
}

Task<void> Connection::discard_body() {
  // A client that was not told to go on may or may not send its body: nobody knows where the next request begins.
  if (expects_continue_ && !parser_->is_done()) keep_ = false;
  std::size_t dropped = 0;
  while (keep_ && !parser_->is_done()) {
    const auto piece = co_await body_piece();
    if (!piece) break;
    dropped += piece->size();
    if (dropped > discard_limit) keep_ = false;
  }
}

Task<void> Connection::answer(int status, std::string_view content_type, std::string body) {
  if (stage_ != Stage::waiting) {
    base::log(base::LogLevel::error, "{} {}: answered twice", ask_.method, ask_.path);
    co_return;
  }
  co_await discard_body();
  stage_ = Stage::answered;
  const bool bodiless = status == 204 || status == 304;
  const ReplyHead head{.status = status,
                       .content_type = bodiless ? std::string_view() : content_type,
                       .length = bodiless ? std::nullopt : std::optional<std::uint64_t>(body.size()),
                       .close = !keep_,
                       .more = &headers_};
  auto bytes = write_head(head, shared_->standing);
  iovec parts[2] = {{bytes.data(), bytes.size()}, {body.data(), body.size()}};
  const bool silent = bodiless || ask_.method == "HEAD";
  if (!co_await send_parts(socket_, {parts, silent ? 1u : 2u})) keep_ = false;
}

Task<void> Connection::error(const base::Error& error) {
  const int status = http_status(error.kind);
  if (status == 500)
    base::log(base::LogLevel::error, "{} {}: {}{}{}", ask_.method, ask_.path, error.text,
              error.context.empty() ? "" : " while ", error.context);
  if (status == 304) co_return co_await empty(304);
  co_await answer(status, "application/json", error_body(error.text));
}

Task<void> Connection::refuse(int status, std::string_view text) {
  keep_ = false;
  co_await answer(status, "application/json", error_body(text));
}

Task<void> Connection::begin_stream(int status, std::string content_type) {
  if (stage_ != Stage::waiting) co_return;
  co_await discard_body();
  stage_ = Stage::streaming;
  chunked_ = parser_->get().version() >= 11;
  if (!chunked_) keep_ = false;
  const ReplyHead head{
      .status = status, .content_type = content_type, .chunked = chunked_, .close = !keep_, .more = &headers_};
  alive_ = co_await send_bytes(socket_, write_head(head, shared_->standing));
}

Task<bool> Connection::write(std::string_view bytes) {
  if (stage_ != Stage::streaming || !alive_) co_return false;
  if (bytes.empty() || ask_.method == "HEAD") co_return true;
  char size[24];
  const auto end = fmt::format_to(size, "{:x}\r\n", bytes.size());
  iovec parts[3] = {{size, static_cast<std::size_t>(end - size)},
                    {const_cast<char*>(bytes.data()), bytes.size()},
                    {const_cast<char*>("\r\n"), 2}};
  alive_ = co_await send_parts(socket_, chunked_ ? std::span(parts) : std::span(parts).subspan(1, 1));
  co_return alive_;
}

Task<void> Connection::end_stream() {
  if (!alive_) keep_ = false;
  if (chunked_ && alive_ && ask_.method != "HEAD" && !co_await send_bytes(socket_, "0\r\n\r\n")) keep_ = false;
}

Task<base::Result<Hijacked>> Connection::hijack(std::string content_type) {
  if (stage_ != Stage::waiting) co_return base::fail(base::ErrorKind::internal, "connection taken over too late");
  while (!parser_->is_done()) {
    const auto piece = co_await body_piece();
    if (!piece) co_return std::unexpected(piece.error());
  }
  stage_ = Stage::hijacked;
  keep_ = false;
  const bool upgrade = parser_->get().count(http::field::upgrade) > 0;
  const ReplyHead head{.status = upgrade ? 101 : 200,
                       .content_type = upgrade ? std::string_view(content_type) : "application/vnd.docker.raw-stream",
                       .upgrade = upgrade,
                       .more = &headers_};
  if (!co_await send_bytes(socket_, write_head(head, shared_->standing)))
    co_return base::fail(base::ErrorKind::internal, "the client left");
  const auto left = buffer_.data();
  Hijacked hijacked;
  hijacked.ahead.assign(static_cast<const char*>(left.data()), left.size());
  error_code error;
  hijacked.socket = base::Fd(socket_.release(error));
  if (error) co_return base::fail(base::ErrorKind::internal, "cannot take the connection over: " + error.message());
  co_return hijacked;
}

base::Result<void> Connection::parse_ask() {
  const auto& request = parser_->get();
  ask_ = {};
  ask_.method = std::string(request.method_string());
  ask_.content_type = std::string(request[http::field::content_type]);
  const auto raw = request.target();
  auto target = wire::parse_docker_target({raw.data(), raw.size()});
  if (!target) return std::unexpected(target.error());
  ask_.path = std::move(target->path);
  ask_.query = std::move(target->query);
  const auto minor = wire::serve_docker_version(target->version);
  if (!minor) return std::unexpected(minor.error());
  ask_.api_minor = *minor;
  return {};
}

Task<void> Connection::call_handler(const Match& match) {
  std::string failure;
  try {
    co_await (*match.handler)(*this, match.pieces);
    if (stage_ == Stage::waiting) failure = "the handler gave no answer";
  } catch (const std::exception& thrown) {
    failure = thrown.what();
  } catch (...) {
    failure = "unknown exception";
  }
  if (failure.empty() || (stage_ != Stage::hijacked && !socket_.is_open())) co_return;
  base::log(base::LogLevel::error, "{} {}: {}", ask_.method, ask_.path, failure);
  if (stage_ == Stage::waiting) co_return co_await refuse(500, "internal error: " + failure);
  // The answer is cut off: closing without the last chunk tells the client so.
  keep_ = alive_ = false;
}

Task<void> Connection::handle() {
  stage_ = Stage::waiting;
  headers_.clear();
  const auto& request = parser_->get();
  keep_ = parser_->keep_alive();
  expects_continue_ = boost::beast::iequals(request[http::field::expect], "100-continue") && !parser_->is_done();
  if (const auto parsed = parse_ask(); !parsed) co_return co_await error(parsed.error());
  base::log(base::LogLevel::debug, "{} {}", ask_.method, ask_.path);
  const auto match = shared_->router.find(ask_.method, ask_.path);
  if (!match.handler) co_return co_await answer(404, "application/json", error_body("page not found"));
  co_await call_handler(match);
  if (stage_ == Stage::streaming) co_await end_stream();
}

Task<void> Connection::linger() {
  error_code error;
  socket_.shutdown(Socket::shutdown_send, error);
  wait_until(shared_->limits.linger_time);
  buffer_.clear();
  while (socket_.is_open() && co_await read_more(body_piece_size)) buffer_.clear();
}

Task<void> Connection::run() {
  while (socket_.is_open() && co_await read_head()) {
    co_await handle();
    if (!keep_ || stage_ == Stage::hijacked) break;
    // An idle connection keeps no large buffers.
    piece_.reset();
    if (buffer_.size() == 0 && buffer_.capacity() > 2 * read_size) buffer_ = {};
  }
  if (socket_.is_open() && stage_ != Stage::hijacked) co_await linger();
}

}  // namespace

Task<void> serve(Socket socket, std::shared_ptr<Shared> shared) {
  try {
    Connection connection(std::move(socket), std::move(shared));
    co_await connection.run();
  } catch (const std::exception& thrown) {
    base::log(base::LogLevel::error, "connection ended: {}", thrown.what());
  }
}

}  // namespace fairlead::docker
