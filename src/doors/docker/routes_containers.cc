#include <fmt/format.h>

#include "doors/docker/json_container_create.h"
#include "doors/docker/json_fields.h"
#include "doors/docker/json_ports.h"
#include "doors/docker/routes.h"
#include "doors/docker/routes_common.h"
#include "doors/docker/routes_container_lists.h"

namespace fairlead::docker {
namespace json = boost::json;
using Pieces = std::vector<std::string>;

namespace {

/// `--platform` of an image that is here for another one is the same as having no image.
base::Result<void> check_platform(engine::Service& service, const std::string& reference, const std::string& platform) {
  if (platform.empty()) return {};
  const auto image = service.images().find(reference);
  if (!image) return {};
  const auto slash = platform.find('/');
  const std::string os = slash == std::string::npos ? image->os : platform.substr(0, slash);
  const std::string rest = slash == std::string::npos ? platform : platform.substr(slash + 1);
  const std::string architecture = rest.substr(0, rest.find('/'));
  if (os == image->os && (architecture == image->architecture || architecture == image->os)) return {};
  return base::fail(
      base::ErrorKind::not_found,
      fmt::format(
          "image with reference {} was found but does not match the specified platform: wanted {}, actual: {}/{}",
          reference, platform, image->os, image->architecture));
}

Task<void> create(engine::Service& service, Exchange& exchange) {
  const auto body = co_await exchange.body();
  if (!body) co_return co_await exchange.error(body.error());
  auto request = parse_container_create(*body, exchange.ask().api_minor);
  if (!request) co_return co_await exchange.error(request.error());
  if (auto fits = check_platform(service, request->spec.image, exchange.ask().text("platform")); !fits) {
    co_return co_await exchange.error(fits.error());
  }
  std::string name = exchange.ask().text("name");
  auto created = co_await call<engine::Created>([&](engine::Done<engine::Created> done) {
    service.create_container(std::move(name), std::move(request->spec), std::move(done));
  });
  if (!created) co_return co_await exchange.error(created.error());
  std::vector<std::string> warnings = std::move(request->warnings);
  warnings.insert(warnings.end(), created->warnings.begin(), created->warnings.end());
  co_await exchange.json(201, {{"Id", created->id.text()}, {"Warnings", list_of(warnings)}});
}

Task<void> start(engine::Service& service, Exchange& exchange, Pieces pieces) {
  const auto container = service.state().find_container(pieces[0]);
  if (!container) co_return co_await exchange.error(container.error());
  co_await answer(
      exchange, co_await call([&](engine::Done<> done) { service.start_container((*container)->id, std::move(done)); }),
      204);
}

using StopLike = void (engine::Service::*)(engine::ContainerId, std::optional<int>, std::optional<int>, engine::Done<>);

/// Stop and restart: the same words, another method.
Task<void> stop_like(engine::Service& service, Exchange& exchange, Pieces pieces, StopLike act) {
  const auto container = service.state().find_container(pieces[0]);
  if (!container) co_return co_await exchange.error(container.error());
  const auto timeout = number_of(exchange.ask(), "t");
  if (!timeout) co_return co_await exchange.error(timeout.error());
  const auto signal = signal_of(exchange.ask());
  if (!signal) co_return co_await exchange.error(signal.error());
  const auto id = (*container)->id;
  co_await answer(exchange,
                  co_await call([&](engine::Done<> done) { (service.*act)(id, *timeout, *signal, std::move(done)); }),
                  204);
}

Task<void> kill(engine::Service& service, Exchange& exchange, Pieces pieces) {
  const auto container = service.state().find_container(pieces[0]);
  if (!container) co_return co_await exchange.error(container.error());
  const auto signal = signal_of(exchange.ask());
  if (!signal) co_return co_await exchange.error(signal.error());
  constexpr int kSigkill = 9;
  const auto id = (*container)->id;
  co_await answer(exchange, co_await call([&](engine::Done<> done) {
                    service.kill_container(id, signal->value_or(kSigkill), std::move(done));
                  }),
                  204);
}

Task<void> rename(engine::Service& service, Exchange& exchange, Pieces pieces) {
  const auto container = service.state().find_container(pieces[0]);
  if (!container) co_return co_await exchange.error(container.error());
  std::string name = exchange.ask().text("name");
  if (name.starts_with('/')) name.erase(0, 1);
  const auto id = (*container)->id;
  co_await answer(
      exchange,
      co_await call([&](engine::Done<> done) { service.rename_container(id, std::move(name), std::move(done)); }), 204);
}

Task<void> remove(engine::Service& service, Exchange& exchange, Pieces pieces) {
  const auto container = service.state().find_container(pieces[0]);
  if (!container) co_return co_await exchange.error(container.error());
  const Ask& ask = exchange.ask();
  if (ask.flag("link")) {
    co_return co_await exchange.error(
        {base::ErrorKind::not_implemented, "removing a link is not implemented by fairlead", {}});
  }
  const auto id = (*container)->id;
  const bool force = ask.flag("force"), volumes = ask.flag("v");
  co_await answer(
      exchange,
      co_await call([&](engine::Done<> done) { service.remove_container(id, force, volumes, std::move(done)); }), 204);
}

/// Our own: `{"Publish": {"80/tcp": [{"HostIp", "HostPort"}]}, "Unpublish": {…}}`.
Task<void> change_ports(engine::Service& service, Exchange& exchange, Pieces pieces) {
  const auto body = co_await exchange.body();
  if (!body) co_return co_await exchange.error(body.error());
  auto change = parse_port_change(*body);
  if (!change) co_return co_await exchange.error(change.error());
  const auto container = service.state().find_container(pieces[0]);
  if (!container) co_return co_await exchange.error(container.error());
  const auto id = (*container)->id;
  auto changed = co_await call([&](engine::Done<> done) {
    service.change_ports(id, std::move(change->publish), std::move(change->unpublish), std::move(done));
  });
  if (!changed) co_return co_await exchange.error(changed.error());
  const auto now = service.state().container(id);
  co_await exchange.json(200, {{"Ports", now ? ports_map(*now) : boost::json::object()}});
}

Task<void> inspect(engine::Service& service, Exchange& exchange, Pieces pieces) {
  auto container = service.state().find_container(pieces[0]);
  if (!container) co_return co_await exchange.error(container.error());
  std::optional<ContainerSize> size;
  if (exchange.ask().flag("size")) {
    size = co_await measure(service, **container);
    container = service.state().find_container((*container)->id.text());
    if (!container) co_return co_await exchange.error(container.error());
  }
  co_await exchange.json(200, container_details(view_of(service, exchange.ask()), **container, size));
}

}  // namespace

std::vector<Route> container_routes(engine::Service& service) {
  return {
      {"POST", "/containers/create",
       [&service](Exchange& exchange, const Pieces&) { return create(service, exchange); }},
      {"GET", "/containers/json",
       [&service](Exchange& exchange, const Pieces&) { return list_containers(service, exchange); }},
      {"POST", "/containers/prune",
       [&service](Exchange& exchange, const Pieces&) { return prune_containers(service, exchange); }},
      {"GET", "/containers/{}/json",
       [&service](Exchange& exchange, Pieces pieces) { return inspect(service, exchange, std::move(pieces)); }},
      {"POST", "/containers/{}/start",
       [&service](Exchange& exchange, Pieces pieces) { return start(service, exchange, std::move(pieces)); }},
      {"POST", "/containers/{}/stop",
       [&service](Exchange& exchange, Pieces pieces) {
         return stop_like(service, exchange, std::move(pieces), &engine::Service::stop_container);
       }},
      {"POST", "/containers/{}/restart",
       [&service](Exchange& exchange, Pieces pieces) {
         return stop_like(service, exchange, std::move(pieces), &engine::Service::restart_container);
       }},
      {"POST", "/fairlead/containers/{}/ports",
       [&service](Exchange& exchange, Pieces pieces) { return change_ports(service, exchange, std::move(pieces)); }},
      {"POST", "/containers/{}/kill",
       [&service](Exchange& exchange, Pieces pieces) { return kill(service, exchange, std::move(pieces)); }},
      {"POST", "/containers/{}/rename",
       [&service](Exchange& exchange, Pieces pieces) { return rename(service, exchange, std::move(pieces)); }},
      {"DELETE", "/containers/{}",
       [&service](Exchange& exchange, Pieces pieces) { return remove(service, exchange, std::move(pieces)); }},
  };
}

}  // namespace fairlead::docker
