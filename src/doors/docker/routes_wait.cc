#include <boost/asio/experimental/awaitable_operators.hpp>

#include "doors/docker/stream_io.h"
#include "doors/docker/stream_route_groups.h"

namespace fairlead::docker {
namespace {

using namespace boost::asio::experimental::awaitable_operators;

base::Result<engine::WaitFor> parse_condition(const std::string& text) {
  if (text.empty() || text == "not-running") return engine::WaitFor::not_running;
  if (text == "next-exit") return engine::WaitFor::next_exit;
  if (text == "removed") return engine::WaitFor::removed;
  return base::fail(base::ErrorKind::invalid, fmt::format("invalid condition: \"{}\"", text));
}

struct Outcome {
  explicit Outcome(const boost::asio::any_io_executor& executor) : gate(executor) {}
  Gate gate;
  engine::WaitResult result;
};

Task<void> wait(engine::Service& service, Exchange& exchange, std::string reference) {
  const auto condition = parse_condition(exchange.ask().text("condition"));
  if (!condition) co_return co_await exchange.error(condition.error());
  const auto container = service.state().find_container(reference);
  if (!container) co_return co_await exchange.error(container.error());
  const auto outcome = std::make_shared<Outcome>(co_await boost::asio::this_coro::executor);
  const auto ticket =
      service.wait_container((*container)->id, *condition, [outcome](base::Result<engine::WaitResult> result) {
        outcome->result = result ? std::move(*result) : engine::WaitResult{-1, result.error().text};
        outcome->gate.open();
      });
  // The headers go at once: the client starts the container when it has seen them.
  co_await exchange.begin_stream(200, "application/json");
  co_await (outcome->gate.wait() || exchange.client_gone());
  if (!outcome->gate.is_open()) co_return;
  boost::json::object body{{"StatusCode", outcome->result.exit_code}};
  if (!outcome->result.error.empty()) body["Error"] = boost::json::object{{"Message", outcome->result.error}};
  co_await exchange.write(boost::json::serialize(body) + "\n");
}

}  // namespace

std::vector<Route> wait_routes(engine::Service& service) {
  return {{"POST", "/containers/{}/wait", [&service](Exchange& exchange, std::vector<std::string> pieces) {
             return wait(service, exchange, std::move(pieces[0]));
           }}};
}

}  // namespace fairlead::docker
