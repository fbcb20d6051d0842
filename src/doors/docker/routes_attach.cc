#include <boost/asio/experimental/awaitable_operators.hpp>

#include "base/log.h"
#include "doors/docker/attach_session.h"
#include "doors/docker/log_text.h"
#include "doors/docker/stream_route_groups.h"
#include "wire/detach_keys.h"
#include "wire/stream_frame.h"

namespace fairlead::docker {
namespace {

namespace asio = boost::asio;
using namespace asio::experimental::awaitable_operators;

/// conmon's socket, once there is one.
struct Arrival {
  explicit Arrival(const asio::any_io_executor& executor) : gate(executor) {}
  Gate gate;
  base::Result<base::Fd> socket;
};

Task<bool> send_logs(engine::Service& service, ClientEnd& client, const engine::Container& container,
                     const LogChoice& choice) {
  auto opened = co_await offload(service, [&service, id = container.id] { return service.runtime().logs(id, {}); });
  if (!opened) co_return true;
  const std::shared_ptr<ports::LogStream> log = std::move(*opened);
  for (;;) {
    const auto records = co_await offload(service, [log] { return log->read(); });
    if (!records || records->empty()) co_return true;
    if (!co_await client.send(log_text(*records, choice))) co_return false;
  }
}

base::Result<AttachOptions> parse_options(const Ask& ask, const engine::Container& container) {
  auto keys = wire::parse_detach_keys(ask.text("detachKeys"));
  if (!keys) return std::unexpected(keys.error());
  return AttachOptions{.input = ask.flag("stdin") && container.spec.process.open_stdin,
                       .output = ask.flag("stdout"),
                       .error = ask.flag("stderr"),
                       .tty = container.spec.process.tty,
                       .detach_keys = std::move(*keys)};
}

Task<void> attach(engine::Service& service, Exchange& exchange, std::string reference) {
  const auto& ask = exchange.ask();
  const auto found = service.state().find_container(reference);
  if (!found) co_return co_await exchange.error(found.error());
  const auto container = *found;
  const auto options = parse_options(ask, *container);
  if (!options) co_return co_await exchange.error(options.error());
  if (container->phase == engine::Phase::restarting)
    co_return co_await exchange.error(
        {base::ErrorKind::conflict,
         fmt::format("container {} is restarting, wait until the container is running", container->name),
         {}});
  const auto executor = co_await asio::this_coro::executor;
  const bool stream = ask.flag("stream"), logs = ask.flag("logs");
  const auto arrival = std::make_shared<Arrival>(executor);
  engine::Ticket ticket;
  // Before the answer: a client starts the container as soon as it has one.
  if (stream)
    ticket = service.attach_container(container->id, [arrival](base::Result<base::Fd> socket) {
      arrival->socket = std::move(socket);
      arrival->gate.open();
    });
  if (stream && container->phase == engine::Phase::running) {
    co_await arrival->gate.wait();
    if (!arrival->socket) co_return co_await exchange.error(arrival->socket.error());
  }
  auto hijacked = co_await exchange.hijack(std::string(wire::stream_content_type(options->tty, ask.api_minor)));
  if (!hijacked) co_return;
  ClientEnd client(executor, std::move(*hijacked));
  const LogChoice choice{.output = options->output, .error = options->error, .tty = options->tty};
  if (logs && !co_await send_logs(service, client, *container, choice)) co_return;
  if (stream) {
    co_await (arrival->gate.wait() || client.gone());
    if (!arrival->gate.is_open()) co_return;
    if (arrival->socket) co_await run_attach(client, std::move(*arrival->socket), *options);
  }
  co_await client.finish();
}

Task<void> resize(engine::Service& service, Exchange& exchange, std::string reference) {
  const auto size = parse_console_size(exchange.ask());
  if (!size) co_return co_await exchange.error(size.error());
  const auto container = service.state().find_container(reference);
  if (!container) co_return co_await exchange.error(container.error());
  const auto id = (*container)->id;
  const auto resized = co_await call(
      [&](engine::Done<> done) { service.resize_container(id, size->height, size->width, std::move(done)); });
  if (!resized) co_return co_await exchange.error(resized.error());
  co_await exchange.empty(200);
}

}  // namespace

std::vector<Route> attach_routes(engine::Service& service) {
  return {{"POST", "/containers/{}/attach",
           [&service](Exchange& exchange, std::vector<std::string> pieces) {
             return attach(service, exchange, std::move(pieces[0]));
           }},
          {"POST", "/containers/{}/resize", [&service](Exchange& exchange, std::vector<std::string> pieces) {
             return resize(service, exchange, std::move(pieces[0]));
           }}};
}

}  // namespace fairlead::docker
