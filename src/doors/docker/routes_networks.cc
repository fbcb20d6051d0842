#include <fmt/format.h>

#include <algorithm>

#include "doors/docker/json_network.h"
#include "doors/docker/routes.h"
#include "doors/docker/routes_common.h"
#include "engine/event_of.h"

namespace fairlead::docker {
namespace json = boost::json;
using Pieces = std::vector<std::string>;
using engine::Network;
using engine::Shared;

namespace {

const std::set<std::string> kListFilters{"dangling", "driver", "id", "label", "label!", "name", "scope", "type"};
/// From this version on the list leaves out who is connected.
constexpr int kListWithoutContainers = 28;

base::Result<void> check_types(const wire::DockerFilters& filters) {
  for (const std::string& type : filters.values("type")) {
    if (type != "custom" && type != "builtin")
      return base::fail(base::ErrorKind::invalid, fmt::format("invalid filter 'type={}'", type));
  }
  return {};
}

bool matches(const engine::State& state, const wire::DockerFilters& filters, std::optional<bool> dangling,
             const Network& network) {
  if (dangling && *dangling != (!network.predefined && state.members(network.id).empty())) return false;
  return filters.matches_prefix("id", network.id.text()) && filters.matches_name("name", network.name) &&
         filters.matches("driver", engine::driver_name(network.driver)) && filters.matches("scope", "local") &&
         filters.matches("type", network.predefined ? "builtin" : "custom") && filters.matches_labels(network.labels);
}

Task<void> list(engine::Service& service, Exchange& exchange) {
  const auto filters = filters_of(exchange.ask(), kListFilters);
  if (!filters) co_return co_await exchange.error(filters.error());
  if (auto types = check_types(*filters); !types) co_return co_await exchange.error(types.error());
  const auto dangling = filters->truth("dangling");
  if (!dangling) co_return co_await exchange.error(dangling.error());
  const engine::State& state = service.state();
  const int minor = exchange.ask().api_minor;
  json::array networks;
  for (const auto& [id, network] : state.networks()) {
    if (matches(state, *filters, *dangling, *network))
      networks.push_back(network_json(state, *network, minor < kListWithoutContainers, minor));
  }
  co_await exchange.json(200, std::move(networks));
}

Task<void> inspect(engine::Service& service, Exchange& exchange, Pieces pieces) {
  const auto network = service.state().find_network(pieces[0]);
  if (!network) co_return co_await exchange.error(network.error());
  const std::string scope = exchange.ask().text("scope");
  if (!scope.empty() && scope != "local") {
    co_return co_await exchange.error({base::ErrorKind::not_found, fmt::format("network {} not found", pieces[0]), {}});
  }
  co_await exchange.json(200, network_json(service.state(), **network, true, exchange.ask().api_minor));
}

Task<void> create(engine::Service& service, Exchange& exchange) {
  const auto body = co_await exchange.body();
  if (!body) co_return co_await exchange.error(body.error());
  auto request = parse_network_create(*body);
  if (!request) co_return co_await exchange.error(request.error());
  const auto created = co_await call<engine::NetworkCreated>(
      [&](engine::Done<engine::NetworkCreated> done) { service.create_network(std::move(*request), std::move(done)); });
  if (!created) co_return co_await exchange.error(created.error());
  co_await exchange.json(201, {{"Id", created->id.text()}, {"Warning", created->warning}});
}

Task<void> remove(engine::Service& service, Exchange& exchange, Pieces pieces) {
  const auto network = service.state().find_network(pieces[0]);
  if (!network) co_return co_await exchange.error(network.error());
  co_await answer(exchange,
                  co_await call([&](engine::Done<> done) { service.remove_network((*network)->id, std::move(done)); }),
                  204);
}

Task<void> connect(engine::Service& service, Exchange& exchange, Pieces pieces) {
  const auto body = co_await exchange.body();
  if (!body) co_return co_await exchange.error(body.error());
  const auto network = service.state().find_network(pieces[0]);
  if (!network) co_return co_await exchange.error(network.error());
  auto request = parse_network_connect(*body, (*network)->name);
  if (!request) co_return co_await exchange.error(request.error());
  const auto container = service.state().find_container(request->container);
  if (!container) co_return co_await exchange.error(container.error());
  const auto id = (*container)->id;
  co_await answer(exchange, co_await call([&](engine::Done<> done) {
                    service.connect_network(id, std::move(request->endpoint), std::move(done));
                  }),
                  200);
}

Task<void> disconnect(engine::Service& service, Exchange& exchange, Pieces pieces) {
  const auto body = co_await exchange.body();
  if (!body) co_return co_await exchange.error(body.error());
  const auto request = parse_network_disconnect(*body);
  if (!request) co_return co_await exchange.error(request.error());
  const auto network = service.state().find_network(pieces[0]);
  const auto container = service.state().find_container(request->container);
  if (!container) co_return co_await exchange.error(network ? container.error() : network.error());
  const auto id = (*container)->id;
  // One that is gone may still stand in the container.
  const std::string name = network ? (*network)->name : pieces[0];
  co_await answer(exchange, co_await call([&](engine::Done<> done) {
                    service.disconnect_network(id, name, request->force, std::move(done));
                  }),
                  200);
}

Task<void> prune(engine::Service& service, Exchange& exchange) {
  const auto filters = filters_of(exchange.ask(), {"label", "label!", "until"});
  if (!filters) co_return co_await exchange.error(filters.error());
  std::vector<Shared<Network>> unused;
  for (const auto& [id, network] : service.state().networks()) {
    const auto old = created_before(*filters, network->created, service.clock().now());
    if (!old) co_return co_await exchange.error(old.error());
    if (!network->predefined && !network->config_only && *old && filters->matches_labels(network->labels) &&
        service.state().members(id).empty())
      unused.push_back(network);
  }
  json::array deleted;
  for (const auto& network : unused) {
    // One that somebody joined meanwhile is refused and stays.
    if (co_await call([&](engine::Done<> done) { service.remove_network(network->id, std::move(done)); }))
      deleted.emplace_back(network->name);
  }
  service.publish({service.clock().now(), "network", "prune", "", {{"reclaimed", "0"}}});
  co_await exchange.json(
      200, {{"NetworksDeleted", deleted.empty() ? json::value(nullptr) : json::value(std::move(deleted))}});
}

}  // namespace

std::vector<Route> network_routes(engine::Service& service) {
  return {
      {"GET", "/networks", [&service](Exchange& exchange, const Pieces&) { return list(service, exchange); }},
      {"POST", "/networks/create", [&service](Exchange& exchange, const Pieces&) { return create(service, exchange); }},
      {"POST", "/networks/prune", [&service](Exchange& exchange, const Pieces&) { return prune(service, exchange); }},
      {"GET", "/networks/{}",
       [&service](Exchange& exchange, Pieces pieces) { return inspect(service, exchange, std::move(pieces)); }},
      {"DELETE", "/networks/{}",
       [&service](Exchange& exchange, Pieces pieces) { return remove(service, exchange, std::move(pieces)); }},
      {"POST", "/networks/{}/connect",
       [&service](Exchange& exchange, Pieces pieces) { return connect(service, exchange, std::move(pieces)); }},
      {"POST", "/networks/{}/disconnect",
       [&service](Exchange& exchange, Pieces pieces) { return disconnect(service, exchange, std::move(pieces)); }},
  };
}

}  // namespace fairlead::docker
