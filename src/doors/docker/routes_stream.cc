#include <charconv>
#include <iterator>

#include "doors/docker/stream_route_groups.h"
#include "doors/docker/stream_routes.h"

namespace fairlead::docker {
namespace {

base::Result<std::uint32_t> parse_side(const Ask& ask, std::string_view parameter, std::string_view name) {
  const auto text = ask.text(parameter);
  std::uint32_t side = 0;
  const auto* end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, side);
  if (parsed.ec == std::errc() && parsed.ptr == end) return side;
  return base::fail(base::ErrorKind::invalid,
                    fmt::format("invalid resize {} \"{}\": {}", name, text,
                                parsed.ec == std::errc::result_out_of_range ? "value out of range" : "invalid syntax"));
}

}  // namespace

base::Result<ConsoleSize> parse_console_size(const Ask& ask) {
  const auto height = parse_side(ask, "h", "height");
  if (!height) return std::unexpected(height.error());
  const auto width = parse_side(ask, "w", "width");
  if (!width) return std::unexpected(width.error());
  return ConsoleSize{*height, *width};
}

std::vector<Route> stream_routes(engine::Service& service) {
  std::vector<Route> all;
  for (const auto group : {attach_routes, exec_routes, log_routes, event_routes, wait_routes, disk_routes}) {
    auto routes = group(service);
    all.insert(all.end(), std::make_move_iterator(routes.begin()), std::make_move_iterator(routes.end()));
  }
  return all;
}

}  // namespace fairlead::docker
