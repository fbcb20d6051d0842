#include "doors/docker/routes_container_lists.h"

#include <algorithm>

#include "doors/docker/container_filter.h"
#include "doors/docker/routes_common.h"

namespace fairlead::docker {
namespace json = boost::json;
using engine::Container;
using engine::Shared;

namespace {

const std::set<std::string> kListFilters{"ancestor", "before",    "exited", "expose", "health", "id",
                                         "is-task",  "isolation", "label",  "label!", "name",   "network",
                                         "publish",  "since",     "status", "volume"};

/// Newest first.
std::vector<Shared<Container>> by_age(const engine::State& state) {
  std::vector<Shared<Container>> containers;
  containers.reserve(state.containers().size());
  for (const auto& [id, container] : state.containers()) containers.push_back(container);
  std::ranges::sort(containers, [](const auto& a, const auto& b) {
    return std::tie(b->created, b->id) < std::tie(a->created, a->id);
  });
  return containers;
}

base::Result<std::vector<Shared<Container>>> chosen(engine::Service& service, const Ask& ask) {
  auto filters = filters_of(ask, kListFilters);
  if (!filters) return std::unexpected(filters.error());
  const auto filter = ContainerFilter::make(std::move(*filters), service);
  if (!filter) return std::unexpected(filter.error());
  const auto limit = number_of(ask, "limit");
  if (!limit) return std::unexpected(limit.error());
  const bool limited = limit->value_or(-1) > 0;
  const bool all = ask.flag("all") || limited || filter->asks_for_stopped();
  std::vector<Shared<Container>> containers;
  for (auto& container : by_age(service.state())) {
    const bool runs = container->phase == engine::Phase::running || container->phase == engine::Phase::restarting;
    if ((!all && !runs) || !filter->matches(*container)) continue;
    containers.push_back(std::move(container));
    if (limited && containers.size() == static_cast<std::size_t>(**limit)) break;
  }
  return containers;
}

}  // namespace

Task<ContainerSize> measure(engine::Service& service, const Container& container) {
  const auto paths = service.runtime().root_paths(container.id, container.layer_dirs);
  const auto upper = paths.find("UpperDir");
  if (upper == paths.end()) co_return ContainerSize{};
  const auto image = service.images().find(container.image_id);
  const std::int64_t below = image ? image->size : 0;
  const std::int64_t written =
      co_await offload(service, [directory = upper->second] { return bytes_below(directory); });
  co_return ContainerSize{written, written + below};
}

Task<void> list_containers(engine::Service& service, Exchange& exchange) {
  const auto containers = chosen(service, exchange.ask());
  if (!containers) co_return co_await exchange.error(containers.error());
  const bool with_size = exchange.ask().flag("size");
  json::array list;
  for (const auto& container : *containers) {
    std::optional<ContainerSize> size;
    if (with_size) size = co_await measure(service, *container);
    list.push_back(container_summary(view_of(service, exchange.ask()), *container, size));
  }
  co_await exchange.json(200, std::move(list));
}

Task<void> prune_containers(engine::Service& service, Exchange& exchange) {
  const auto filters = filters_of(exchange.ask(), {"label", "label!", "until"});
  if (!filters) co_return co_await exchange.error(filters.error());
  json::array deleted;
  std::int64_t reclaimed = 0;
  for (const auto& container : by_age(service.state())) {
    const bool down = container->phase == engine::Phase::created || container->phase == engine::Phase::exited ||
                      container->phase == engine::Phase::dead;
    const auto old = created_before(*filters, container->created, service.clock().now());
    if (!old) co_return co_await exchange.error(old.error());
    if (!down || !*old || !filters->matches_labels(container->spec.labels)) continue;
    const ContainerSize size = co_await measure(service, *container);
    const auto removed = co_await call(
        [&](engine::Done<> done) { service.remove_container(container->id, false, false, std::move(done)); });
    // One that was started or removed meanwhile is not ours to report.
    if (!removed) continue;
    deleted.emplace_back(container->id.text());
    reclaimed += size.written;
  }
  co_await exchange.json(
      200, {{"ContainersDeleted", deleted.empty() ? json::value(nullptr) : json::value(std::move(deleted))},
            {"SpaceReclaimed", reclaimed}});
}

}  // namespace fairlead::docker
