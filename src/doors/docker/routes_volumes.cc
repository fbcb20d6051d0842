#include <fmt/format.h>

#include <algorithm>

#include "doors/docker/json_fields.h"
#include "doors/docker/json_volume.h"
#include "doors/docker/routes.h"
#include "doors/docker/routes_common.h"
#include "wire/docker_bind_spec.h"

namespace fairlead::docker {
namespace json = boost::json;
using Pieces = std::vector<std::string>;
using ports::Volume;

namespace {

const std::set<std::string> kListFilters{"dangling", "driver", "label", "label!", "name"};
constexpr char kAnonymous[] = "com.docker.volume.anonymous";
/// From this version on prune takes anonymous volumes only, unless it is asked for all.
constexpr int kPruneAnonymous = 42;

void tell(engine::Service& service, std::string action, const std::string& name) {
  service.publish({service.clock().now(), "volume", std::move(action), name, {{"driver", "local"}}});
}

Task<void> list(engine::Service& service, Exchange& exchange) {
  const auto filters = filters_of(exchange.ask(), kListFilters);
  if (!filters) co_return co_await exchange.error(filters.error());
  const auto dangling = filters->truth("dangling");
  if (!dangling) co_return co_await exchange.error(dangling.error());
  json::array volumes;
  for (const Volume& volume : service.volumes().list()) {
    if (*dangling && **dangling != users_of(service.state(), volume.name).empty()) continue;
    if (filters->matches_name("name", volume.name) && filters->matches("driver", volume.driver) &&
        filters->matches_labels(volume.labels)) {
      volumes.push_back(volume_json(volume));
    }
  }
  co_await exchange.json(200, {{"Volumes", std::move(volumes)}, {"Warnings", nullptr}});
}

base::Result<Volume> parse_volume_create(std::string_view body) {
  const auto parsed = parse_body(body);
  if (!parsed) return std::unexpected(parsed.error());
  Complaints complaints;
  const Fields fields(&*parsed, "", complaints);
  Volume wanted;
  wanted.name = fields.text("Name");
  wanted.labels = fields.text_map("Labels");
  wanted.options = fields.text_map("DriverOpts");
  const std::string driver = fields.text("Driver");
  if (complaints.first()) return std::unexpected(*complaints.first());
  if (fields.has("ClusterVolumeSpec"))
    return base::fail(base::ErrorKind::not_implemented, "a cluster volume is not implemented by fairlead");
  if (!driver.empty() && driver != "local") {
    return base::fail(base::ErrorKind::not_found,
                      fmt::format("error looking up volume plugin {0}: plugin \"{0}\" not found", driver));
  }
  if (!wanted.options.empty())
    return base::fail(base::ErrorKind::not_implemented, "a volume with driver options is not implemented by fairlead");
  if (wanted.name.empty()) {
    wanted.name = base::ContainerId::from(base::fresh_entropy()).text();
    wanted.labels[kAnonymous] = "";
  }
  if (auto named = wire::check_volume_name(wanted.name); !named) return std::unexpected(named.error());
  return wanted;
}

Task<void> create(engine::Service& service, Exchange& exchange) {
  const auto body = co_await exchange.body();
  if (!body) co_return co_await exchange.error(body.error());
  const auto wanted = parse_volume_create(*body);
  if (!wanted) co_return co_await exchange.error(wanted.error());
  const bool fresh = !service.volumes().find(wanted->name);
  const auto volume = service.volumes().create(*wanted);
  if (!volume) co_return co_await exchange.error(volume.error());
  if (fresh) tell(service, "create", volume->name);
  co_await exchange.json(201, volume_json(*volume));
}

base::Error missing(const std::string& name) {
  return {base::ErrorKind::not_found, fmt::format("get {}: no such volume", name), {}};
}

Task<void> inspect(engine::Service& service, Exchange& exchange, Pieces pieces) {
  const auto volume = service.volumes().find(pieces[0]);
  if (volume) co_return co_await exchange.json(200, volume_json(*volume));
  co_await exchange.error(volume.error().kind == base::ErrorKind::not_found ? missing(pieces[0]) : volume.error());
}

Task<void> remove(engine::Service& service, Exchange& exchange, Pieces pieces) {
  const std::string name = pieces[0];
  const auto volume = service.volumes().find(name);
  if (!volume && volume.error().kind == base::ErrorKind::not_found) {
    // With force a volume that is not there counts as removed.
    if (exchange.ask().flag("force")) co_return co_await exchange.empty(204);
    co_return co_await exchange.error(missing(name));
  }
  if (!volume) co_return co_await exchange.error(volume.error());
  if (const auto users = users_of(service.state(), name); !users.empty()) {
    co_return co_await exchange.error({base::ErrorKind::conflict,
                                       fmt::format("remove {}: volume is in use - [{}]", name, fmt::join(users, ", ")),
                                       {}});
  }
  const auto removed = co_await offload(service, [&service, name] { return service.volumes().remove(name); });
  if (removed) tell(service, "destroy", name);
  co_await answer(exchange, removed, 204);
}

Task<void> prune(engine::Service& service, Exchange& exchange) {
  const auto filters = filters_of(exchange.ask(), {"all", "label", "label!"});
  if (!filters) co_return co_await exchange.error(filters.error());
  const auto all = filters->truth("all");
  if (!all) co_return co_await exchange.error(all.error());
  const bool named_too = exchange.ask().api_minor < kPruneAnonymous || all->value_or(false);
  json::array deleted;
  std::int64_t reclaimed = 0;
  for (const Volume& volume : service.volumes().list()) {
    if (!named_too && !volume.labels.contains(kAnonymous)) continue;
    if (!filters->matches_labels(volume.labels) || !users_of(service.state(), volume.name).empty()) continue;
    const std::int64_t size = co_await offload(service, [path = volume.mountpoint] { return bytes_below(path); });
    if (!users_of(service.state(), volume.name).empty()) continue;
    if (!co_await offload(service, [&service, name = volume.name] { return service.volumes().remove(name); })) continue;
    tell(service, "destroy", volume.name);
    deleted.emplace_back(volume.name);
    reclaimed += size;
  }
  service.publish({service.clock().now(), "volume", "prune", "", {{"reclaimed", fmt::to_string(reclaimed)}}});
  co_await exchange.json(200,
                         {{"VolumesDeleted", deleted.empty() ? json::value(nullptr) : json::value(std::move(deleted))},
                          {"SpaceReclaimed", reclaimed}});
}

}  // namespace

std::vector<Route> volume_routes(engine::Service& service) {
  return {
      {"GET", "/volumes", [&service](Exchange& exchange, const Pieces&) { return list(service, exchange); }},
      {"POST", "/volumes/create", [&service](Exchange& exchange, const Pieces&) { return create(service, exchange); }},
      {"POST", "/volumes/prune", [&service](Exchange& exchange, const Pieces&) { return prune(service, exchange); }},
      {"GET", "/volumes/{}",
       [&service](Exchange& exchange, Pieces pieces) { return inspect(service, exchange, std::move(pieces)); }},
      {"DELETE", "/volumes/{}",
       [&service](Exchange& exchange, Pieces pieces) { return remove(service, exchange, std::move(pieces)); }},
  };
}

}  // namespace fairlead::docker
