#include <fmt/format.h>

#include <set>

#include "engine/container_rules.h"
#include "engine/decide_parts.h"
#include "engine/event_of.h"
#include "engine/fresh_id.h"
#include "engine/image_merge.h"
#include "engine/names.h"
#include "engine/network_mode.h"

namespace fairlead::engine {
namespace {

using base::ErrorKind;

/// Program and arguments: the entrypoint first, then the command.
base::Result<void> settle_command(Container& container) {
  std::vector<std::string> words = container.spec.process.entrypoint.value_or(std::vector<std::string>{});
  if (const auto& cmd = container.spec.process.cmd) words.insert(words.end(), cmd->begin(), cmd->end());
  if (words.empty()) return base::fail(ErrorKind::invalid, "no command specified");
  container.path = words.front();
  container.args.assign(words.begin() + 1, words.end());
  return {};
}

void settle_defaults(const State& state, ports::ContainerSpec& spec) {
  if (spec.runtime.empty()) spec.runtime = state.settings().default_runtime;
  if (spec.log_driver.empty()) spec.log_driver = "json-file";
  if (spec.shm_size == 0) spec.shm_size = 64 << 20;
  if (!spec.init) spec.init = state.settings().default_init ? std::optional(true) : std::nullopt;
  // Docker's default: as much swap as memory, which this field counts together.
  if (spec.resources.memory > 0 && spec.resources.memory_swap == 0)
    spec.resources.memory_swap = 2 * spec.resources.memory;
  std::set<std::string> exposed(spec.exposed_ports.begin(), spec.exposed_ports.end());
  for (const auto& binding : spec.port_bindings) {
    auto port = fmt::format("{}/{}", binding.container_port, binding.protocol);
    if (exposed.insert(port).second) spec.exposed_ports.push_back(std::move(port));
  }
}

/// Resolves the target now, so that it stays the same one when it is renamed; a target that is not there is looked for
/// again at the start, whose 404 the client does not take for a missing image.
void settle_target(const State& state, Container& container) {
  const auto reference = joined_reference(container.spec.network_mode);
  if (!reference) return;
  if (const auto target = state.find_container(*reference)) {
    container.joined = (*target)->id;
    container.spec.network_mode = "container:" + (*target)->id.text();
  }
}

}  // namespace

base::Result<Decision> decide_one(const State& state, const CreateContainer& command, const Facts& facts) {
  const auto mode = resolve_mode(state, command.spec.network_mode);
  if (auto fits = check_mode(mode, command.spec); !fits) return std::unexpected(fits.error());
  if (auto fits = check_spec(state.settings(), command.spec, facts.cpus); !fits) return std::unexpected(fits.error());
  auto attachments = attachments_of(state, mode, command.spec.endpoints);
  if (!attachments) return std::unexpected(attachments.error());
  Container container;
  container.spec = merge_image(command.spec, command.image);
  container.spec.network_mode = mode;
  if (auto settled = settle_command(container); !settled) return std::unexpected(settled.error());
  container.id = fresh_id(state.containers(), facts);
  auto name = settle_name(state, command.name, container.id, facts.entropy);
  if (!name) return std::unexpected(name.error());
  container.name = *name;
  container.image_id = command.image.id;
  container.layer_dirs = command.image.layer_dirs;
  container.created = facts.now;
  container.attachments = *std::move(attachments);
  settle_defaults(state, container.spec);
  settle_target(state, container);
  Decision decision;
  if (is_host_mode(mode) && (!command.spec.port_bindings.empty() || command.spec.publish_all)) {
    decision.warnings.push_back("Published ports are discarded when using host network mode");
  }
  decision.made = container.id;
  decision.events.push_back(container_event(container, "create", facts.now));
  decision.changes.emplace_back(std::move(container));
  return decision;
}

}  // namespace fairlead::engine
