#include "doors/docker/stream_routes.h"

namespace fairlead::docker {
namespace {

Route refuse(std::string method, std::string pattern, base::ErrorKind kind, std::string text) {
  base::Error error{kind, std::move(text), {}};
  return {std::move(method), std::move(pattern),
          [error](Exchange& exchange, std::vector<std::string>) -> Task<void> { co_await exchange.error(error); }};
}

void add_swarm(std::vector<Route>& routes) {
  const std::string text =
      "This node is not a swarm manager. Use \"docker swarm init\" or \"docker swarm join\" to connect this node to "
      "swarm and try again.";
  for (const std::string noun : {"/swarm", "/nodes", "/services", "/tasks", "/secrets", "/configs"})
    for (const std::string method : {"GET", "POST", "DELETE"})
      for (const std::string rest : {"", "/{*}"})
        routes.push_back(refuse(method, noun + rest, base::ErrorKind::unavailable, text));
  // Making a swarm is not a matter of being in one.
  for (const std::string verb : {"init", "join", "leave", "unlock"})
    routes.push_back(refuse("POST", "/swarm/" + verb, base::ErrorKind::not_implemented,
                            "fairlead does not form swarms: swarm " + verb + " is not implemented"));
}

}  // namespace

std::vector<Route> missing_routes() {
  struct Missing {
    const char *method, *pattern, *what;
  };
  constexpr Missing table[] = {
      {"POST", "/containers/{}/pause", "pausing containers"},
      {"POST", "/containers/{}/unpause", "pausing containers"},
      {"POST", "/containers/{}/update", "changing the limits of a container after its creation"},
      {"GET", "/containers/{}/stats", "container statistics"},
      {"GET", "/containers/{}/top", "listing the processes of a container"},
      {"GET", "/containers/{}/changes", "listing the changed files of a container"},
      {"GET", "/containers/{}/export", "exporting a container's files"},
      {"GET", "/containers/{}/archive", "copying files out of a container"},
      {"HEAD", "/containers/{}/archive", "copying files between container and host"},
      {"PUT", "/containers/{}/archive", "copying files into a container"},
      {"POST", "/containers/{}/copy", "copying files out of a container"},
      {"GET", "/containers/{}/attach/ws", "attaching over a websocket"},
      {"GET", "/containers/{}/checkpoints", "checkpoints"},
      {"POST", "/containers/{}/checkpoints", "checkpoints"},
      {"DELETE", "/containers/{}/checkpoints/{}", "checkpoints"},
      {"POST", "/commit", "making an image out of a container (commit)"},
      {"POST", "/build", "building images"},
      {"POST", "/build/prune", "building images"},
      {"POST", "/build/cancel", "building images"},
      {"POST", "/session", "sessions of BuildKit"},
      {"POST", "/grpc", "BuildKit"},
      {"POST", "/images/{*}/push", "pushing images"},
      {"GET", "/images/search", "searching registries"},
      {"GET", "/distribution/{*}", "asking registries about images"},
      {"GET", "/plugins", "plugins"},
      {"GET", "/plugins/{*}", "plugins"},
      {"POST", "/plugins/{*}", "plugins"},
      {"DELETE", "/plugins/{*}", "plugins"},
      {"POST", "/auth",
       "checking a registry's credentials (write them to the client's config.json, they are used at pull)"},
  };
  std::vector<Route> routes;
  for (const auto& row : table)
    routes.push_back(refuse(row.method, row.pattern, base::ErrorKind::not_implemented,
                            std::string("not implemented in fairlead: ") + row.what));
  add_swarm(routes);
  return routes;
}

}  // namespace fairlead::docker
