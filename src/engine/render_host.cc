#include <fmt/format.h>

#include "engine/render.h"
#include "engine/render_parts.h"

namespace fairlead::engine {
namespace {

// Only the sets' elements change from network to network; so a packet meets the same few rules however many there are.
constexpr char kText[] = R"(
  set bridges {{ type ifname; comment "bridges of our networks"; }}
  set icc {{ type ifname . ifname; comment "from which bridge to which traffic may go"; }}
  set egress {{ type ifname; comment "bridges whose containers may reach out"; }}
  set masq {{ type ipv4_addr; flags interval; comment "subnets that leave under the host's address"; }}
  chain forward {{
    type filter hook forward priority filter; policy {};
    ct state established,related counter accept comment "replies to what was let through"
    iifname . oifname @icc counter accept comment "containers of one network among themselves"
    oifname @bridges counter drop comment "isolation: nobody else reaches a container's address directly"
    iifname @egress counter accept comment "containers reach out"
    iifname @bridges counter drop comment "internal networks stay inside"
  }}
  chain postrouting {{
    type nat hook postrouting priority srcnat; policy accept;
    oifname != @bridges ip saddr @masq counter masquerade comment "containers leave under the host's address"
  }}
)";

}  // namespace

std::string firewall_text(bool drop_by_default) {
  return fmt::format(kText, drop_by_default ? "drop" : "accept");
}

std::vector<ports::Object> render_host(const State& state) {
  std::vector<ports::Object> out;
  const auto& settings = state.settings();
  if (settings.ip_forward) out.emplace_back(ports::Sysctl{{}, "net/ipv4/ip_forward", "1"});
  if (settings.iptables) {
    out.emplace_back(ports::FirewallSkeleton{kTable, firewall_text(state.host().forwarding_switched_on)});
  }
  return out;
}

}  // namespace fairlead::engine
