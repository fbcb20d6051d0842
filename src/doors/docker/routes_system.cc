#include "doors/docker/json_system.h"
#include "doors/docker/stream_routes.h"

namespace fairlead::docker {
namespace {

/// What every command of the client asks first.
Task<void> ping(Exchange& exchange, std::vector<std::string>) {
  exchange.set_header("Builder-Version", "1");
  exchange.set_header("Swarm", "inactive");
  exchange.set_header("Cache-Control", "no-cache, no-store, must-revalidate");
  exchange.set_header("Pragma", "no-cache");
  co_await exchange.text(200, "text/plain; charset=utf-8", exchange.ask().method == "HEAD" ? "" : "OK");
}

Task<void> info(engine::Service& service, Exchange& exchange) {
  const auto host = co_await offload(service, read_host);
  const auto images = service.images().list().size();
  co_await exchange.json(200, info_json(service.state(), host, images, service.clock().now()));
}

}  // namespace

std::vector<Route> system_routes(engine::Service& service) {
  return {
      {"GET", "/_ping", ping},
      {"HEAD", "/_ping", ping},
      {"GET", "/version",
       [&service](Exchange& exchange, std::vector<std::string>) -> Task<void> {
         co_await exchange.json(200, version_json(service.state().settings()));
       }},
      {"GET", "/info", [&service](Exchange& exchange, std::vector<std::string>) { return info(service, exchange); }},
  };
}

}  // namespace fairlead::docker
