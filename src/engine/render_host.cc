#include <fmt/format.h>

#include "engine/render.h"
#include "engine/render_parts.h"

namespace fairlead::engine {
namespace {

// Only the sets' elements change from network to network; so a packet meets the same few rules however many there are.
constexpr char kText[] = R"(
  set bridges {{ type ifname; comment "bridges of our networks"; }}
  set icc {{ type ifname . ifname; comment "from which bridge to which traffic may go"; }}
  set internal {{ type ifname; comment "bridges of internal networks"; }}
  set egress {{ type ifname; comment "bridges whose containers may reach out"; }}
  set open4 {{ type ifname; comment "bridges whose IPv4 addresses are open to those who have a route"; }}
  set open6 {{ type ifname; comment "bridges whose IPv6 addresses are open to those who have a route"; }}
  set routed4 {{ type ifname; comment "bridges whose containers show their own IPv4 addresses"; }}
  set routed6 {{ type ifname; comment "bridges whose containers show their own IPv6 addresses"; }}
  set open_port4 {{ type ipv4_addr . inet_proto . inet_service; counter; comment "published ports of routed networks"; }}
  set open_port6 {{ type ipv6_addr . inet_proto . inet_service; counter; comment "published ports of routed networks"; }}
  set trusted4 {{ type ifname . ipv4_addr . inet_proto . inet_service; counter; comment "published ports, from trusted interfaces"; }}
  set trusted6 {{ type ifname . ipv6_addr . inet_proto . inet_service; counter; comment "published ports, from trusted interfaces"; }}
  map publish4 {{ type inet_proto . inet_service : ipv4_addr . inet_service; counter; comment "published on every address"; }}
  map publish6 {{ type inet_proto . inet_service : ipv6_addr . inet_service; counter; comment "published on every address"; }}
  map publish_at4 {{ type ipv4_addr . inet_proto . inet_service : ipv4_addr . inet_service; counter; comment "published on one address"; }}
  map publish_at6 {{ type ipv6_addr . inet_proto . inet_service : ipv6_addr . inet_service; counter; comment "published on one address"; }}
  set relayed4 {{ type inet_proto . inet_service; comment "published on every address, led by the daemon"; }}
  set relayed6 {{ type inet_proto . inet_service; comment "published on every address, led by the daemon"; }}
  set relayed_at4 {{ type ipv4_addr . inet_proto . inet_service; comment "published on one address, led by the daemon"; }}
  set relayed_at6 {{ type ipv6_addr . inet_proto . inet_service; comment "published on one address, led by the daemon"; }}
  set shared4 {{ type ifname . ipv4_addr; comment "bridges of other networks that a published container is on"; }}
  set shared6 {{ type ifname . ipv6_addr; comment "bridges of other networks that a published container is on"; }}
  set own_publish4 {{ type ifname . inet_proto . inet_service; comment "visits within a network, which our socket serves"; }}
  set own_publish6 {{ type ifname . inet_proto . inet_service; comment "visits within a network, which our socket serves"; }}
  set own_publish_at4 {{ type ifname . ipv4_addr . inet_proto . inet_service; comment "visits within a network, which our socket serves"; }}
  set own_publish_at6 {{ type ifname . ipv6_addr . inet_proto . inet_service; comment "visits within a network, which our socket serves"; }}
  set shims {{ type ifname; comment "this host's own way to macvlan containers"; }}
  set home {{ type ifname . ifname; comment "each bridge with itself"; }}
  set home4 {{ type ipv4_addr; flags interval; comment "our networks' subnets"; }}
  set home6 {{ type ipv6_addr; flags interval; comment "our networks' subnets"; }}
  set masq {{ type ipv4_addr; flags interval; comment "subnets that leave under the host's address"; }}
  set masq6 {{ type ipv6_addr; flags interval; comment "subnets that leave under the host's address"; }}
  map source4 {{ type ipv4_addr : ipv4_addr; flags interval; comment "subnets that leave under an address of choice"; }}
  map source6 {{ type ipv6_addr : ipv6_addr; flags interval; comment "subnets that leave under an address of choice"; }}
  chain guard {{
    type filter hook prerouting priority raw; policy accept;
    iifname != "lo" ip daddr 127.0.0.0/8 counter drop comment "loopback services are for this host alone"
    iifname != "lo" ip saddr 127.0.0.0/8 counter drop comment "nobody else speaks for this host's loopback"
  }}
  chain publish {{
    dnat ip to ip daddr . meta l4proto . th dport map @publish_at4
    dnat ip to meta l4proto . th dport map @publish4
    dnat ip6 to ip6 daddr . meta l4proto . th dport map @publish_at6
    dnat ip6 to meta l4proto . th dport map @publish6
  }}
  chain prerouting {{
    type nat hook prerouting priority dstnat; policy accept;
    iifname != @internal ip6 saddr fe80::/10 return comment "the kernel routes no link-local source: our socket serves these"
    meta nfproto ipv4 iifname . meta l4proto . th dport @own_publish4 return comment "its bridge lets nothing back: our socket serves these"
    meta nfproto ipv6 iifname . meta l4proto . th dport @own_publish6 return comment "its bridge lets nothing back: our socket serves these"
    iifname . ip daddr . meta l4proto . th dport @own_publish_at4 return comment "its bridge lets nothing back: our socket serves these"
    iifname . ip6 daddr . meta l4proto . th dport @own_publish_at6 return comment "its bridge lets nothing back: our socket serves these"
    fib daddr type local counter jump publish comment "published ports"
  }}
  chain output {{
    type nat hook output priority -100; policy accept;
    ip6 daddr ::1 return comment "the kernel routes no loopback source to a bridge: our socket serves these"
    ip6 saddr fe80::/10 return comment "the kernel routes no link-local source: our socket serves these"
    fib daddr type local counter jump publish comment "published ports, from this host"
  }}
  chain relayed {{
    ip daddr . meta l4proto . th dport @relayed_at4 counter drop comment "internal networks reach no published port"
    meta nfproto ipv4 meta l4proto . th dport @relayed4 counter drop comment "internal networks reach no published port"
    ip6 daddr . meta l4proto . th dport @relayed_at6 counter drop comment "internal networks reach no published port"
    meta nfproto ipv6 meta l4proto . th dport @relayed6 counter drop comment "internal networks reach no published port"
  }}
  chain input {{
    type filter hook input priority filter; policy accept;
    iifname @internal jump relayed comment "published ports that the daemon leads itself"
  }}
  chain forward {{
    type filter hook forward priority filter; policy {};
    ct state established,related counter accept comment "replies to what was let through"
    iifname . oifname @icc counter accept comment "containers of one network among themselves"
    iifname @internal counter drop comment "internal networks stay inside"
    oifname @internal counter drop comment "internal networks stay inside"
    ct status dnat oifname @bridges counter accept comment "published ports"
    ip daddr . meta l4proto . th dport @open_port4 counter accept comment "published ports of routed networks"
    ip6 daddr . meta l4proto . th dport @open_port6 counter accept comment "published ports of routed networks"
    iifname . ip daddr . meta l4proto . th dport @trusted4 counter accept comment "published ports, from trusted interfaces"
    iifname . ip6 daddr . meta l4proto . th dport @trusted6 counter accept comment "published ports, from trusted interfaces"
    iifname != @bridges meta nfproto ipv4 oifname @open4 counter accept comment "unprotected networks"
    iifname != @bridges meta nfproto ipv6 oifname @open6 counter accept comment "unprotected networks"
    iifname != @bridges meta l4proto icmp oifname @routed4 counter accept comment "routed networks answer a ping"
    iifname != @bridges meta l4proto ipv6-icmp oifname @routed6 counter accept comment "routed networks answer a ping"
    oifname @bridges counter drop comment "isolation: nobody else reaches a container's address directly"
    oifname @shims counter drop comment "isolation: macvlan containers are reached by this host alone"
    iifname @egress counter accept comment "containers reach out"
    iifname @bridges counter drop comment "networks without a way out stay inside"{}
  }}
  chain postrouting {{
    type nat hook postrouting priority srcnat; policy accept;
    ct status dnat iifname . ip daddr @shared4 counter masquerade comment "published ports, from another network of the container"
    ct status dnat iifname . ip6 daddr @shared6 counter masquerade comment "published ports, from another network of the container"
    ct status dnat iifname @bridges iifname . oifname != @home accept comment "published ports, from another network"
    ct status dnat oifname @bridges ip saddr @home4 counter masquerade comment "published ports, from the same network"
    ct status dnat oifname @bridges ip6 saddr @home6 counter masquerade comment "published ports, from the same network"
    oifname @bridges ip saddr 127.0.0.0/8 counter masquerade comment "published ports, from this host's loopback"
    oifname != @bridges ip saddr @masq counter masquerade comment "containers leave under the host's address"
    oifname != @bridges ip6 saddr @masq6 counter masquerade comment "containers leave under the host's address"
    oifname != @bridges snat ip to ip saddr map @source4 comment "containers leave under an address of choice"
    oifname != @bridges snat ip6 to ip6 saddr map @source6 comment "containers leave under an address of choice"
  }}
)";

// What DOCKER-USER is to Docker's users: an accept here goes on to our rules, a drop is final.
constexpr char kUserText[] = R"(
  comment "the administrator's rules, seen before fairlead's; fairlead makes this table once and never changes it"
  chain prerouting {
    type filter hook prerouting priority raw - 10; policy accept;
  }
  chain forward {
    type filter hook forward priority filter - 10; policy accept;
  }
)";

// One chain serves both families, but the host may have been a router for only one of them before we came.
constexpr char kDropIpv6[] =
    "\n    meta nfproto ipv6 counter drop comment \"the host was no IPv6 router before: only for our networks\"";
constexpr char kKeepIpv6[] =
    "\n    meta nfproto ipv6 counter accept comment \"the host was an IPv6 router before, and stays one\"";

}  // namespace

std::string firewall_text(const State& state) {
  const auto& host = state.host();
  const bool may_drop = !state.settings().ip_forward_no_drop;
  const bool drops = may_drop && host.forwarding_switched_on;
  const char* last = "";
  if (may_drop && !drops && host.ipv6_forwarding_switched_on) last = kDropIpv6;
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
    out.emplace_back(ports::FirewallSkeleton{kUserTable, kUserText, true});
    out.emplace_back(ports::FirewallSkeleton{kTable, firewall_text(state)});
  }
  return out;
}

}  // namespace fairlead::engine
