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
  set open4 {{ type ifname; comment "bridges whose IPv4 addresses are open to those who have a route"; }}
  set open6 {{ type ifname; comment "bridges whose IPv6 addresses are open to those who have a route"; }}
  set routed4 {{ type ifname; comment "bridges whose containers show their own IPv4 addresses"; }}
  set routed6 {{ type ifname; comment "bridges whose containers show their own IPv6 addresses"; }}
  set masq {{ type ipv4_addr; flags interval; comment "subnets that leave under the host's address"; }}
  set masq6 {{ type ipv6_addr; flags interval; comment "subnets that leave under the host's address"; }}
  map source4 {{ type ipv4_addr : ipv4_addr; flags interval; comment "subnets that leave under an address of choice"; }}
  map source6 {{ type ipv6_addr : ipv6_addr; flags interval; comment "subnets that leave under an address of choice"; }}
  chain forward {{
    type filter hook forward priority filter; policy {};
    ct state established,related counter accept comment "replies to what was let through"
    iifname . oifname @icc counter accept comment "containers of one network among themselves"
    iifname != @bridges meta nfproto ipv4 oifname @open4 counter accept comment "unprotected networks"
    iifname != @bridges meta nfproto ipv6 oifname @open6 counter accept comment "unprotected networks"
    iifname != @bridges meta l4proto icmp oifname @routed4 counter accept comment "routed networks answer a ping"
    iifname != @bridges meta l4proto ipv6-icmp oifname @routed6 counter accept comment "routed networks answer a ping"
    oifname @bridges counter drop comment "isolation: nobody else reaches a container's address directly"
    iifname @egress counter accept comment "containers reach out"
    iifname @bridges counter drop comment "internal networks stay inside"{}
  }}
  chain postrouting {{
    type nat hook postrouting priority srcnat; policy accept;
    oifname != @bridges ip saddr @masq counter masquerade comment "containers leave under the host's address"
    oifname != @bridges ip6 saddr @masq6 counter masquerade comment "containers leave under the host's address"
    oifname != @bridges snat ip to ip saddr map @source4 comment "containers leave under an address of choice"
    oifname != @bridges snat ip6 to ip6 saddr map @source6 comment "containers leave under an address of choice"
  }}
)";

// One chain serves both families, but the host may have been a router for only one of them before we came.
constexpr char kDropIpv6[] =
    "\n    meta nfproto ipv6 counter drop comment \"the host was no IPv6 router before: only for our networks\"";
constexpr char kKeepIpv6[] =
    "\n    meta nfproto ipv6 counter accept comment \"the host was an IPv6 router before, and stays one\"";

}  // namespace

std::string firewall_text(const HostRecord& host) {
  const bool drops = host.forwarding_switched_on;
  const char* last = "";
  if (!drops && host.ipv6_forwarding_switched_on) last = kDropIpv6;
  if (drops && host.ipv6_forwarding_of_others) last = kKeepIpv6;
  return fmt::format(kText, drops ? "drop" : "accept", last);
}

std::vector<ports::Object> render_host(const State& state) {
  std::vector<ports::Object> out;
  const auto& settings = state.settings();
  if (settings.ip_forward) out.emplace_back(ports::Sysctl{{}, "net/ipv4/ip_forward", "1"});
  if (state.host().ipv6_forwarding) {
    out.emplace_back(ports::Sysctl{{}, "net/ipv6/conf/default/forwarding", "1"});
    out.emplace_back(ports::Sysctl{{}, "net/ipv6/conf/all/forwarding", "1"});
  }
  if (settings.iptables) {
    out.emplace_back(ports::FirewallSkeleton{kTable, firewall_text(state.host())});
  }
  return out;
}

}  // namespace fairlead::engine
