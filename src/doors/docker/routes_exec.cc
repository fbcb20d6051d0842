#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include "doors/docker/exec_session.h"
#include "doors/docker/json_fields.h"
#include "doors/docker/stream_route_groups.h"
#include "wire/detach_keys.h"
#include "wire/stream_frame.h"

namespace fairlead::docker {
namespace {

namespace json = boost::json;

struct ExecRequest {
  ports::ExecSpec spec;
  std::string detach_keys;
};

base::Result<ExecRequest> parse_exec(const std::string& body) {
  const auto parsed = parse_body(body);
  if (!parsed) return std::unexpected(parsed.error());
  Complaints complaints;
  const Fields fields(&*parsed, "", complaints);
  ExecRequest request;
  auto& spec = request.spec;
  spec.command = fields.text_or_texts("Cmd").value_or(std::vector<std::string>());
  spec.env = fields.texts("Env");
  spec.user = fields.text("User");
  spec.working_dir = fields.text("WorkingDir");
  spec.tty = fields.flag("Tty");
  spec.privileged = fields.flag("Privileged");
  spec.attach_stdin = fields.flag("AttachStdin");
  spec.attach_stdout = fields.flag("AttachStdout");
  spec.attach_stderr = fields.flag("AttachStderr");
  if (const auto size = fields.numbers("ConsoleSize"); size.size() == 2) {
    spec.console_height = size[0];
    spec.console_width = size[1];
  }
  request.detach_keys = fields.text("DetachKeys");
  if (complaints.first()) return std::unexpected(*complaints.first());
  if (spec.command.empty()) return base::fail(base::ErrorKind::invalid, "No exec command specified");
  if (const auto keys = wire::parse_detach_keys(request.detach_keys); !keys) return std::unexpected(keys.error());
  return request;
}

Task<void> create(engine::Service& service, Exchange& exchange, std::string reference) {
  const auto body = co_await exchange.body();
  if (!body) co_return co_await exchange.error(body.error());
  auto request = parse_exec(*body);
  if (!request) co_return co_await exchange.error(request.error());
  const auto container = service.state().find_container(reference);
  if (!container) co_return co_await exchange.error(container.error());
  const auto id = service.create_exec((*container)->id, std::move(request->spec), std::move(request->detach_keys));
  if (!id) co_return co_await exchange.error(id.error());
  co_await exchange.json(201, json::object{{"Id", id->text()}});
}

struct StartRequest {
  bool detach = false, tty = false;
  std::optional<ConsoleSize> size;
};

base::Result<StartRequest> parse_start(const std::string& body) {
  StartRequest request;
  if (body.empty()) return request;
  const auto parsed = parse_body(body);
  if (!parsed) return std::unexpected(parsed.error());
  Complaints complaints;
  const Fields fields(&*parsed, "", complaints);
  request.detach = fields.flag("Detach");
  request.tty = fields.flag("Tty");
  if (const auto size = fields.numbers("ConsoleSize"); size.size() == 2) request.size = {size[0], size[1]};
  if (complaints.first()) return std::unexpected(*complaints.first());
  return request;
}

/// A command that the runtime could not start: its words go where the command's output would have gone, as with Docker,
/// and the client reads the exit code (126, 127) from the exec's record.
Task<void> tell_failure(Exchange& exchange, const engine::ExecRecord& record, const base::Error& error) {
  const bool tty = record.spec.tty;
  auto hijacked = co_await exchange.hijack(std::string(wire::stream_content_type(tty, exchange.ask().api_minor)));
  if (!hijacked) co_return;
  ClientEnd client(co_await boost::asio::this_coro::executor, std::move(*hijacked));
  std::string text;
  if (tty)
    text = error.text + "\r\n";
  else
    wire::append_frame(text, wire::StreamKind::output, error.text + "\r\n");
  if (co_await client.send(text)) co_await client.finish();
}

bool is_refusal(base::ErrorKind kind) {
  return kind == base::ErrorKind::not_found || kind == base::ErrorKind::conflict ||
         kind == base::ErrorKind::unavailable;
}

Task<void> start(engine::Service& service, Exchange& exchange, std::string reference) {
  const auto body = co_await exchange.body();
  if (!body) co_return co_await exchange.error(body.error());
  const auto request = parse_start(*body);
  if (!request) co_return co_await exchange.error(request.error());
  const auto record = service.find_exec(reference);
  if (!record) co_return co_await exchange.error(record.error());
  auto keys = wire::parse_detach_keys(record->detach_keys);
  if (!keys) co_return co_await exchange.error(keys.error());
  auto streams = co_await call<engine::ExecStreams>(
      [&](engine::Done<engine::ExecStreams> done) { service.start_exec(record->id, request->tty, std::move(done)); });
  if (!streams) {
    if (request->detach || is_refusal(streams.error().kind)) co_return co_await exchange.error(streams.error());
    co_return co_await tell_failure(exchange, *record, streams.error());
  }
  const auto executor = co_await boost::asio::this_coro::executor;
  if (request->size && streams->terminal)
    service.resize_exec(record->id, request->size->height, request->size->width, [](base::Result<void>) {});
  ExecOptions options{.input = record->spec.attach_stdin, .detach_keys = std::move(*keys)};
  if (request->detach) {
    boost::asio::co_spawn(executor, run_exec(service, record->id, std::move(*streams), nullptr, std::move(options)),
                          boost::asio::detached);
    co_return co_await exchange.empty(200);
  }
  const bool tty = static_cast<bool>(streams->terminal);
  auto hijacked = co_await exchange.hijack(std::string(wire::stream_content_type(tty, exchange.ask().api_minor)));
  auto client = hijacked ? std::make_unique<ClientEnd>(executor, std::move(*hijacked)) : nullptr;
  co_await run_exec(service, record->id, std::move(*streams), std::move(client), std::move(options));
}

Task<void> resize(engine::Service& service, Exchange& exchange, std::string reference) {
  const auto size = parse_console_size(exchange.ask());
  if (!size) co_return co_await exchange.error(size.error());
  const auto record = service.find_exec(reference);
  if (!record) co_return co_await exchange.error(record.error());
  const auto resized = co_await call(
      [&](engine::Done<> done) { service.resize_exec(record->id, size->height, size->width, std::move(done)); });
  if (!resized) co_return co_await exchange.error(resized.error());
  co_await exchange.empty(200);
}

json::value details(const engine::ExecRecord& record) {
  const auto& spec = record.spec;
  json::array arguments;
  for (std::size_t i = 1; i < spec.command.size(); ++i) arguments.emplace_back(spec.command[i]);
  json::object process{{"tty", spec.tty},
                       {"entrypoint", spec.command.empty() ? std::string() : spec.command.front()},
                       {"arguments", std::move(arguments)},
                       {"privileged", spec.privileged}};
  if (!spec.user.empty()) process["user"] = spec.user;
  return json::object{{"ID", record.id.text()},
                      {"Running", record.running},
                      {"ExitCode", record.exit_code ? json::value(*record.exit_code) : json::value()},
                      {"ProcessConfig", std::move(process)},
                      {"OpenStdin", spec.attach_stdin},
                      {"OpenStderr", spec.attach_stderr},
                      {"OpenStdout", spec.attach_stdout},
                      {"CanRemove", false},
                      {"ContainerID", record.container.text()},
                      {"DetachKeys", record.detach_keys},
                      {"Pid", record.pid}};
}

}  // namespace

std::vector<Route> exec_routes(engine::Service& service) {
  return {{"POST", "/containers/{}/exec",
           [&service](Exchange& exchange, std::vector<std::string> pieces) {
             return create(service, exchange, std::move(pieces[0]));
           }},
          {"POST", "/exec/{}/start",
           [&service](Exchange& exchange, std::vector<std::string> pieces) {
             return start(service, exchange, std::move(pieces[0]));
           }},
          {"POST", "/exec/{}/resize",
           [&service](Exchange& exchange, std::vector<std::string> pieces) {
             return resize(service, exchange, std::move(pieces[0]));
           }},
          {"GET", "/exec/{}/json", [&service](Exchange& exchange, std::vector<std::string> pieces) -> Task<void> {
             const auto record = service.find_exec(pieces[0]);
             if (!record) co_return co_await exchange.error(record.error());
             co_await exchange.json(200, details(*record));
           }}};
}

}  // namespace fairlead::docker
