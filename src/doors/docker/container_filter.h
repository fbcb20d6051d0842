#pragma once
#include <optional>

#include "base/error.h"
#include "engine/service.h"
#include "wire/docker_filters.h"

namespace fairlead::docker {

/// The filters of `GET /containers/json`, looked up once and then asked of each container.
class ContainerFilter {
 public:
  /// Refuses (`invalid`, `not_found`) values that mean nothing.
  static base::Result<ContainerFilter> make(wire::DockerFilters filters, engine::Service& service);
  bool matches(const engine::Container& container) const;
  /// These filters ask for stopped containers by themselves.
  bool asks_for_stopped() const { return filters_.has("status") || filters_.has("exited"); }

 private:
  bool matches_place(const engine::Container& container) const;
  bool matches_ports(const engine::Container& container) const;
  bool matches_volume(const engine::Container& container) const;

  wire::DockerFilters filters_;
  const engine::State* state_ = nullptr;
  std::optional<ports::Time> before_, since_;
  std::set<std::string> ancestors_;
};

}  // namespace fairlead::docker
