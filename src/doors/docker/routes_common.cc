#include "doors/docker/routes_common.h"

#include <fmt/format.h>

#include <charconv>
#include <filesystem>

#include "wire/docker_signal.h"
#include "wire/docker_time.h"

namespace fairlead::docker {

Task<void> answer(Exchange& exchange, const base::Result<void>& result, int status) {
  if (result)
    co_await exchange.empty(status);
  else
    co_await exchange.error(result.error());
}

base::Result<wire::DockerFilters> filters_of(const Ask& ask, const std::set<std::string>& known) {
  auto filters = wire::DockerFilters::parse(ask.text("filters"));
  if (!filters) return filters;
  if (auto only = filters->only(known); !only) return std::unexpected(only.error());
  return filters;
}

base::Result<std::optional<int>> number_of(const Ask& ask, std::string_view name) {
  const std::string text = ask.text(name);
  if (text.empty()) return std::nullopt;
  int number = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (code == std::errc() && end == text.data() + text.size()) return number;
  return base::fail(base::ErrorKind::invalid,
                    fmt::format("invalid value for {}: \"{}\" is not a whole number", name, text));
}

base::Result<std::optional<int>> signal_of(const Ask& ask) {
  const std::string text = ask.text("signal");
  if (text.empty()) return std::nullopt;
  auto signal = wire::parse_signal(text);
  if (!signal) return std::unexpected(signal.error());
  return *signal;
}

std::optional<ports::Time> point_in_time(std::string_view text, ports::Time now) {
  if (const auto unix_time = wire::parse_unix_time(text)) return ports::Time(*unix_time);
  if (const auto time = ports::parse_rfc3339(text)) return time;
  if (const auto span = wire::parse_go_duration(text)) return now - *span;
  // A date, or a date and time, without its zone: taken as UTC.
  std::string longer(text);
  if (longer.size() == 10)
    longer += "T00:00:00";
  else if (longer.size() == 16)
    longer += ":00";
  return ports::parse_rfc3339(longer + "Z");
}

base::Result<bool> created_before(const wire::DockerFilters& filters, ports::Time created, ports::Time now) {
  for (const std::string& text : filters.values("until")) {
    const auto until = point_in_time(text, now);
    if (!until) return base::fail(base::ErrorKind::invalid, fmt::format("invalid filter 'until={}'", text));
    if (created >= *until) return false;
  }
  return true;
}

ContainerView view_of(engine::Service& service, const Ask& ask) {
  const auto volume_path = [&service](const std::string& name) {
    auto volume = service.volumes().find(name);
    return volume ? volume->mountpoint : std::string();
  };
  return {service.state(), service.runtime(), volume_path, service.clock().now(), ask.api_minor};
}

std::map<std::string, std::string> images_in_use(const engine::State& state) {
  std::map<std::string, std::string> in_use;
  for (const auto& [id, container] : state.containers()) {
    std::string& user = in_use[container->image_id];
    if (container->is_up())
      user = id.short_text();
    else if (user.empty())
      user = "stopped:" + id.short_text();
  }
  return in_use;
}

std::int64_t bytes_below(const std::string& directory) {
  std::int64_t bytes = 0;
  std::error_code failure;
  std::filesystem::recursive_directory_iterator walk(
      directory, std::filesystem::directory_options::skip_permission_denied, failure);
  for (; !failure && walk != std::filesystem::recursive_directory_iterator(); walk.increment(failure)) {
    std::error_code gone;
    if (walk->symlink_status(gone).type() != std::filesystem::file_type::regular) continue;
    const auto size = walk->file_size(gone);
    if (!gone) bytes += static_cast<std::int64_t>(size);
  }
  return bytes;
}

}  // namespace fairlead::docker
