#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "engine/decide_parts.h"
#include "engine/network_mode.h"
#include "engine/publish.h"

namespace fairlead::engine {
namespace {

using base::ErrorKind;

bool fits(const ports::PortBinding& binding, const ports::PortBinding& wanted) {
  return binding.container_port == wanted.container_port && binding.protocol == wanted.protocol &&
         (wanted.host_ip.empty() || binding.host_ip == wanted.host_ip) &&
         (wanted.host_port == 0 || binding.host_port == wanted.host_port);
}

}  // namespace

base::Result<Decision> decide_one(const State& state, const ChangePorts& command, const Facts& facts) {
  const auto known = known_container(state, command.id);
  if (!known) return std::unexpected(known.error());
  Container container = **known;
  const auto& mode = container.spec.network_mode;
  if (joined_reference(mode) || is_host_mode(mode) || mode == "none") {
    return base::fail(ErrorKind::invalid,
                      fmt::format("container {} has no network of its own (network mode {}): nothing can be published",
                                  container.name, mode));
  }
  auto& bindings = container.spec.port_bindings;
  for (const auto& wanted : command.unpublish) {
    const auto count = std::erase_if(bindings, [&](const auto& binding) { return fits(binding, wanted); });
    if (count == 0) {
      return base::fail(ErrorKind::not_found, fmt::format("port {}/{} of container {} is not published that way",
                                                          wanted.container_port, wanted.protocol, container.name));
    }
  }
  std::set<ports::PortBinding> known_bindings(bindings.begin(), bindings.end());
  for (const auto& wanted : command.publish) {
    if (known_bindings.insert(wanted).second) bindings.push_back(wanted);
  }
  if (container.is_up()) {
    if (auto settled = settle_ports(state, container, facts); !settled) return std::unexpected(settled.error());
  }
  Decision decision;
  decision.changes.emplace_back(std::move(container));
  return decision;
}

}  // namespace fairlead::engine
