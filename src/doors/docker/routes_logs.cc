#include <fcntl.h>

#include <boost/asio/experimental/awaitable_operators.hpp>
#include <charconv>

#include "base/log.h"
#include "doors/docker/log_text.h"
#include "doors/docker/routes_common.h"
#include "doors/docker/stream_io.h"
#include "doors/docker/stream_route_groups.h"
#include "wire/stream_frame.h"

namespace fairlead::docker {
namespace {

namespace asio = boost::asio;
using namespace asio::experimental::awaitable_operators;
using boost::system::error_code;

/// Docker takes what is no number, and negative ones, for "all".
std::optional<std::int64_t> parse_tail(const std::string& text) {
  std::int64_t lines = 0;
  const auto* end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, lines);
  if (text.empty() || parsed.ec != std::errc() || parsed.ptr != end || lines < 0) return std::nullopt;
  return lines;
}

base::Result<std::optional<ports::Time>> parse_moment(const std::string& text, ports::Time now) {
  if (text.empty() || text == "0") return std::optional<ports::Time>();
  const auto moment = point_in_time(text, now);
  if (!moment) return base::fail(base::ErrorKind::invalid, fmt::format("invalid value for time: \"{}\"", text));
  return moment;
}

base::Result<ports::LogQuery> parse_query(const Ask& ask, ports::Time now) {
  const auto since = parse_moment(ask.text("since"), now);
  if (!since) return std::unexpected(since.error());
  const auto until = parse_moment(ask.text("until"), now);
  if (!until) return std::unexpected(until.error());
  return ports::LogQuery{.tail = parse_tail(ask.text("tail")), .since = *since, .until = *until};
}

/// One client that reads a container's log.
class Follower {
 public:
  Follower(engine::Service& service, Exchange& exchange, const asio::any_io_executor& executor,
           std::shared_ptr<ports::LogStream> log, LogChoice choice)
      : service_(service),
        exchange_(exchange),
        log_(std::move(log)),
        choice_(std::move(choice)),
        stopped_(std::make_shared<Gate>(executor)),
        changed_(executor),
        limit_(executor, asio::steady_timer::time_point::max()) {}

  /// Ends when the log has been given and, with `follow`, the container stopped or `until` has passed.
  Task<void> run(bool follow, base::ContainerId id, std::optional<ports::Time> until);

 private:
  void begin_following(base::ContainerId id, std::optional<ports::Time> until);
  /// False when the client left.
  Task<bool> wait_for_news();

  engine::Service& service_;
  Exchange& exchange_;
  std::shared_ptr<ports::LogStream> log_;
  LogChoice choice_;
  std::shared_ptr<Gate> stopped_;
  asio::posix::stream_descriptor changed_;
  asio::steady_timer limit_;
  engine::Ticket ticket_;
};

void Follower::begin_following(base::ContainerId id, std::optional<ports::Time> until) {
  ticket_ = service_.wait_container(id, engine::WaitFor::not_running,
                                    [stopped = stopped_](base::Result<engine::WaitResult>) { stopped->open(); });
  if (until)
    limit_.expires_after(std::chrono::duration_cast<asio::steady_timer::duration>(*until - service_.clock().now()));
  error_code ignored;
  // A descriptor of its own: the stream keeps and closes the other one.
  if (const int fd = ::fcntl(log_->changed_fd(), F_DUPFD_CLOEXEC, 0); fd >= 0) changed_.assign(fd, ignored);
}

Task<bool> Follower::wait_for_news() {
  error_code ignored;
  const auto first =
      co_await (exchange_.client_gone() ||
                changed_.async_wait(asio::posix::stream_descriptor::wait_read,
                                    asio::redirect_error(asio::use_awaitable, ignored)) ||
                stopped_->wait() || limit_.async_wait(asio::redirect_error(asio::use_awaitable, ignored)));
  if (first.index() == 3) stopped_->open();
  co_return first.index() != 0;
}

Task<void> Follower::run(bool follow, base::ContainerId id, std::optional<ports::Time> until) {
  if (follow) begin_following(id, until);
  for (;;) {
    // Looked at before reading: what was written until then is read below.
    const bool over = !follow || stopped_->is_open();
    auto records = co_await offload(service_, [log = log_] { return log->read(); });
    if (!records) {
      base::log(base::LogLevel::error, "log of {}: {}", id.short_text(), records.error().text);
      co_return;
    }
    if (!records->empty()) {
      if (!co_await exchange_.write(log_text(*records, choice_))) co_return;
    } else if (over || !co_await wait_for_news()) {
      co_return;
    }
  }
}

Task<void> logs(engine::Service& service, Exchange& exchange, std::string reference) {
  const auto& ask = exchange.ask();
  LogChoice choice{.output = ask.flag("stdout"),
                   .error = ask.flag("stderr"),
                   .timestamps = ask.flag("timestamps"),
                   .details = ask.flag("details")};
  if (!choice.output && !choice.error)
    co_return co_await exchange.error(
        {base::ErrorKind::invalid, "Bad parameters: you must choose at least one stream", {}});
  const auto query = parse_query(ask, service.clock().now());
  if (!query) co_return co_await exchange.error(query.error());
  const auto found = service.state().find_container(reference);
  if (!found) co_return co_await exchange.error(found.error());
  const auto container = *found;
  if (container->spec.log_driver == "none")
    co_return co_await exchange.error(
        {base::ErrorKind::not_implemented, "configured logging driver does not support reading", {}});
  choice.tty = container->spec.process.tty;
  if (choice.details) choice.attributes = log_attributes(container->spec);

  auto opened = co_await offload(
      service, [&service, id = container->id, query = *query] { return service.runtime().logs(id, query); });
  if (!opened) co_return co_await exchange.error(opened.error());
  co_await exchange.begin_stream(200, std::string(wire::stream_content_type(choice.tty, ask.api_minor)));
  Follower follower(service, exchange, co_await asio::this_coro::executor, std::move(*opened), std::move(choice));
  co_await follower.run(ask.flag("follow"), container->id, query->until);
}

}  // namespace

std::vector<Route> log_routes(engine::Service& service) {
  return {{"GET", "/containers/{}/logs", [&service](Exchange& exchange, std::vector<std::string> pieces) {
             return logs(service, exchange, std::move(pieces[0]));
           }}};
}

}  // namespace fairlead::docker
