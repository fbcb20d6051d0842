#include "engine/render.h"

#include "engine/parent_link.h"
#include "engine/render_parts.h"

namespace fairlead::engine {

std::vector<ports::Object> render(const State& state, const Scope& scope) {
  if (std::holds_alternative<HostScope>(scope)) {
    auto out = render_host(state);
    render_vlan_parents(state, out);
    return out;
  }
  if (const auto* id = std::get_if<NetworkId>(&scope)) {
    const auto network = state.network(*id);
    // The host's own network and none have nothing on the host to be made.
    if (!network) return {};
    if (has_parent(*network)) return render_parent(*network);
    if (network->driver != Driver::bridge) return {};
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

std::string netns_of(const State& state, const Erase& gone) {
  if (const auto* id = std::get_if<SandboxId>(&gone.key)) {
    const auto sandbox = state.sandbox(*id);
    return sandbox ? sandbox->netns : std::string();
  }
  const auto* id = std::get_if<NetworkId>(&gone.key);
  const auto network = id ? state.network(*id) : nullptr;
  return network ? isolation_netns(*network) : std::string();
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
