#include <boost/asio/experimental/awaitable_operators.hpp>
#include <deque>

#include "base/log.h"
#include "doors/docker/json_event.h"
#include "doors/docker/routes_common.h"
#include "doors/docker/stream_io.h"
#include "doors/docker/stream_route_groups.h"

namespace fairlead::docker {
namespace {

namespace asio = boost::asio;
using namespace asio::experimental::awaitable_operators;

struct EventQuery {
  std::optional<ports::Time> since, until;
  wire::DockerFilters filters;
};

base::Result<EventQuery> parse_query(const Ask& ask, ports::Time now) {
  EventQuery query;
  for (const auto& [name, moment] : {std::pair("since", &query.since), std::pair("until", &query.until)}) {
    const auto text = ask.text(name);
    if (text.empty()) continue;
    const auto parsed = point_in_time(text, now);
    if (!parsed) return base::fail(base::ErrorKind::invalid, fmt::format("invalid value for \"{}\": {}", name, text));
    *moment = parsed;
  }
  if (query.since && query.until && *query.since > *query.until)
    return base::fail(base::ErrorKind::invalid, fmt::format("`since` time ({}) cannot be after `until` time ({})",
                                                            ask.text("since"), ask.text("until")));
  auto filters = wire::DockerFilters::parse(ask.text("filters"));
  if (!filters) return std::unexpected(filters.error());
  query.filters = std::move(*filters);
  return query;
}

/// Events on their way to one client.
struct Queue {
  /// A client that lets more than this pile up is cut off rather than given gaps.
  static constexpr std::size_t most = 4096;
  explicit Queue(const asio::any_io_executor& executor) : news(executor, asio::steady_timer::time_point::max()) {}
  asio::steady_timer news;
  std::deque<std::string> lines;
  bool overrun = false;

  void push(const engine::Event& event) {
    if (overrun || lines.size() == most) {
      overrun = true;
      return;
    }
    lines.push_back(boost::json::serialize(event_json(event)) + "\n");
    news.cancel();
  }
};

/// Gives what is queued, then what comes. False when the client left or was too slow.
Task<bool> deliver(Exchange& exchange, Queue& queue) {
  while (!queue.lines.empty()) {
    std::string batch;
    for (; !queue.lines.empty() && batch.size() < (64u << 10); queue.lines.pop_front()) batch += queue.lines.front();
    if (!co_await exchange.write(batch)) co_return false;
  }
  if (queue.overrun) base::log(base::LogLevel::warn, "an events client was too slow and is cut off");
  co_return !queue.overrun;
}

Task<void> events(engine::Service& service, Exchange& exchange) {
  const auto now = service.clock().now();
  const auto query = parse_query(exchange.ask(), now);
  if (!query) co_return co_await exchange.error(query.error());
  const auto executor = co_await asio::this_coro::executor;
  const auto queue = std::make_shared<Queue>(executor);
  if (query->since || query->until) {
    for (const auto& event : service.recent_events())
      if ((!query->since || event.at >= *query->since) && (!query->until || event.at <= *query->until) &&
          event_matches(event, query->filters))
        queue->push(event);
  }
  const bool past = query->until && *query->until <= now;
  engine::Ticket ticket;
  if (!past)
    ticket = service.subscribe([queue, filters = query->filters](const engine::Event& event) {
      if (event_matches(event, filters)) queue->push(event);
    });
  co_await exchange.begin_stream(200, "application/json");
  asio::steady_timer limit(executor, asio::steady_timer::time_point::max());
  if (query->until) limit.expires_after(std::chrono::duration_cast<asio::steady_timer::duration>(*query->until - now));
  boost::system::error_code ignored;
  for (bool over = past; co_await deliver(exchange, *queue) && !over;) {
    if (!queue->lines.empty()) continue;
    const auto first =
        co_await (exchange.client_gone() || limit.async_wait(asio::redirect_error(asio::use_awaitable, ignored)) ||
                  queue->news.async_wait(asio::redirect_error(asio::use_awaitable, ignored)));
    if (first.index() == 0) co_return;
    over = first.index() == 1;
  }
}

}  // namespace

std::vector<Route> event_routes(engine::Service& service) {
  return {{"GET", "/events",
           [&service](Exchange& exchange, std::vector<std::string>) { return events(service, exchange); }}};
}

}  // namespace fairlead::docker
