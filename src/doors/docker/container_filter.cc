#include "doors/docker/container_filter.h"

#include <fmt/format.h>

#include <algorithm>

#include "doors/docker/json_ports.h"
#include "doors/docker/json_status.h"
#include "engine/event_of.h"
#include "wire/docker_port_spec.h"

namespace fairlead::docker {

namespace {

const std::set<std::string> kStates{"created", "running", "paused", "restarting", "removing", "exited", "dead"};
const std::set<std::string> kHealth{"starting", "healthy", "unhealthy", "none"};

std::unexpected<base::Error> invalid(std::string_view name, std::string_view value) {
  return base::fail(base::ErrorKind::invalid, fmt::format("invalid filter '{}={}'", name, value));
}

base::Result<void> check_values(const wire::DockerFilters& filters) {
  for (const std::string& value : filters.values("status")) {
    if (!kStates.contains(value)) return invalid("status", value);
  }
  for (const std::string& value : filters.values("health")) {
    if (!kHealth.contains(value)) return invalid("health", value);
  }
  for (const std::string& value : filters.values("exited")) {
    if (value.empty() || value.size() > 9 || value.find_first_not_of("0123456789") != std::string::npos)
      return invalid("exited", value);
  }
  for (const char* name : {"expose", "publish"}) {
    for (const std::string& value : filters.values(name)) {
      if (!wire::parse_docker_ports(value)) return invalid(name, value);
    }
  }
  if (auto task = filters.truth("is-task"); !task) return std::unexpected(task.error());
  return {};
}

}  // namespace

base::Result<ContainerFilter> ContainerFilter::make(wire::DockerFilters filters, engine::Service& service) {
  if (auto checked = check_values(filters); !checked) return std::unexpected(checked.error());
  ContainerFilter filter;
  filter.state_ = &service.state();
  const auto created_of = [&](const std::string& name) -> base::Result<std::optional<ports::Time>> {
    if (!filters.has(name)) return std::nullopt;
    const auto container = service.state().find_container(filters.values(name)[0]);
    if (!container) return std::unexpected(container.error());
    return (*container)->created;
  };
  const auto before = created_of("before"), since = created_of("since");
  if (!before) return std::unexpected(before.error());
  if (!since) return std::unexpected(since.error());
  filter.before_ = *before;
  filter.since_ = *since;
  for (const std::string& reference : filters.values("ancestor")) {
    // An image that is not here is nobody's ancestor: no error, and no container.
    if (const auto image = service.images().find(reference)) filter.ancestors_.insert(image->id);
  }
  filter.filters_ = std::move(filters);
  return filter;
}

bool ContainerFilter::matches_place(const engine::Container& container) const {
  if (!filters_.has("network")) return true;
  const auto& wanted = filters_.values("network");
  return std::ranges::any_of(container.attachments, [&](const engine::Attachment& attachment) {
    const auto network = state_->network(attachment.network);
    return std::ranges::any_of(wanted, [&](const std::string& value) {
      return attachment.network.text() == value || attachment.network_name == value ||
             (network && network->name == value);
    });
  });
}

bool ContainerFilter::matches_ports(const engine::Container& container) const {
  const auto shown = shown_ports(container);
  const auto some = [&](const std::string& filter, auto port_of) {
    if (!filters_.has(filter)) return true;
    return std::ranges::any_of(filters_.values(filter), [&](const std::string& value) {
      const auto range = wire::parse_docker_ports(value);
      return range && std::ranges::any_of(shown, [&](const PortShown& port) {
               const int number = port_of(port);
               return number != 0 && port.protocol == range->protocol && number >= range->first &&
                      number <= range->last;
             });
    });
  };
  return some("expose", [](const PortShown& port) { return port.container_port; }) &&
         some("publish", [](const PortShown& port) { return port.host_port; });
}

bool ContainerFilter::matches_volume(const engine::Container& container) const {
  if (!filters_.has("volume")) return true;
  return std::ranges::any_of(container.spec.mounts, [&](const ports::MountRequest& mount) {
    return filters_.matches("volume", mount.source) || filters_.matches("volume", mount.target);
  });
}

bool ContainerFilter::matches(const engine::Container& container) const {
  if (before_ && container.created >= *before_) return false;
  if (since_ && container.created <= *since_) return false;
  if (filters_.has("ancestor") && !ancestors_.contains(container.image_id)) return false;
  if (filters_.has("exited") &&
      (container.phase != engine::Phase::exited || !filters_.matches("exited", fmt::to_string(container.exit_code)))) {
    return false;
  }
  if (filters_.truth("is-task").value_or(std::nullopt) == true) return false;
  // A name is known with and without its slash.
  const bool named =
      filters_.matches_name("name", container.name) || filters_.matches_name("name", "/" + container.name);
  return named && filters_.matches_prefix("id", container.id.text()) &&
         filters_.matches_labels(container.spec.labels) && filters_.matches("status", engine::status_word(container)) &&
         filters_.matches("health", "none") && matches_place(container) && matches_ports(container) &&
         matches_volume(container);
}

}  // namespace fairlead::docker
