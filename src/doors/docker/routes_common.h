#pragma once
/// What the route handlers share.
#include <optional>
#include <string>

#include "doors/docker/exchange.h"
#include "doors/docker/json_container.h"
#include "wire/docker_filters.h"

namespace fairlead::docker {

/// Answers `status` without a body, or the error.
Task<void> answer(Exchange& exchange, const base::Result<void>& result, int status);
/// The request's `filters`, held to the `known` names.
base::Result<wire::DockerFilters> filters_of(const Ask& ask, const std::set<std::string>& known);
/// A whole number in the query; nothing when absent or empty, `invalid` when it is none or does not fit 32 bits.
base::Result<std::optional<int>> number_of(const Ask& ask, std::string_view name);
/// A signal in the query, as `wire::parse_signal`.
base::Result<std::optional<int>> signal_of(const Ask& ask);
/// A point in time as clients write it: seconds since 1970, RFC 3339, a local date, or how long before `now` (`24h`).
std::optional<ports::Time> point_in_time(std::string_view text, ports::Time now);
/// Whether `created` lies before every `until` of the filters.
base::Result<bool> created_before(const wire::DockerFilters& filters, ports::Time created, ports::Time now);
/// What the container JSON draws on, at this moment.
ContainerView view_of(engine::Service& service, const Ask& ask);
/// Image ids in use, each with the short id of a container that uses it: of one that is up, else behind `stopped:`.
std::map<std::string, std::string> images_in_use(const engine::State& state);

/// Bytes of the regular files below a directory. Blocking.
std::int64_t bytes_below(const std::string& directory);

}  // namespace fairlead::docker
