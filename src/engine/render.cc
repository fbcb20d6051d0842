#include "engine/render.h"

#include "engine/render_parts.h"

namespace fairlead::engine {

std::vector<ports::Object> render(const State& state, const Scope& scope) {
  if (std::holds_alternative<HostScope>(scope)) return render_host(state);
  if (const auto* id = std::get_if<NetworkId>(&scope)) {
    const auto network = state.network(*id);
    // The host's own network and none have nothing on the host to be made.
    if (!network || network->driver != Driver::bridge) return {};
    return render_bridge(state, *network);
  }
  const auto sandbox = state.sandbox(std::get<SandboxId>(scope));
  return sandbox ? render_sandbox(state, *sandbox) : std::vector<ports::Object>{};
}

std::vector<Scope> scopes(const State& state) {
  std::vector<Scope> all = {HostScope{}};
  for (const auto& [id, network] : state.networks()) all.emplace_back(id);
  for (const auto& [id, sandbox] : state.sandboxes()) all.emplace_back(id);
  return all;
}

std::string netns_path(const Sandbox& sandbox) {
  return "/run/netns/" + sandbox.netns;
}

std::string cut(std::string text, std::size_t limit) {
  if (text.size() <= limit) return text;
  while (limit > 0 && (static_cast<unsigned char>(text[limit]) & 0xc0) == 0x80) --limit;
  text.resize(limit);
  return text;
}

}  // namespace fairlead::engine
