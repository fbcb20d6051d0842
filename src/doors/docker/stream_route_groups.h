#pragma once
/// The streaming routes, one group per file; `stream_routes` joins them.
#include <cstdint>
#include <vector>

#include "doors/docker/exchange.h"

namespace fairlead::docker {

std::vector<Route> attach_routes(engine::Service& service);
std::vector<Route> exec_routes(engine::Service& service);
std::vector<Route> log_routes(engine::Service& service);
std::vector<Route> event_routes(engine::Service& service);
std::vector<Route> wait_routes(engine::Service& service);
std::vector<Route> disk_routes(engine::Service& service);

struct ConsoleSize {
  std::uint32_t height = 0, width = 0;
};
/// `h` and `w` of a resize. `invalid` when one is missing or not a number.
base::Result<ConsoleSize> parse_console_size(const Ask& ask);

}  // namespace fairlead::docker
