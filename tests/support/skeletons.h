#pragma once
/// A firewall table like the engine's, with one set of every shape, and short ways to write its elements.
#include "ports/objects.h"

namespace fairlead::support {

inline ports::FirewallSkeleton example_skeleton() {
  return {"fairlead", R"(
    set bridges { type ifname; }
    set icc { type ifname . ifname; }
    set egress { type ifname; }
    set masq { type ipv4_addr; flags interval; }
    set masq6 { type ipv6_addr; flags interval; }
    set guarded { type ipv4_addr . inet_service; flags interval; }
    set subnets4 { type ifname . ipv4_addr; flags interval; }
    set subnets6 { type ifname . ipv6_addr; flags interval; }
    map published6 { type inet_proto . inet_service : ipv6_addr . inet_service; }
    map published { type inet_proto . inet_service : ipv4_addr . inet_service; }
    map verdicts { type ipv4_addr : verdict; }
    chain web { counter accept; }
    chain forward { type filter hook forward priority filter; policy drop;
      ct state established,related counter accept;
      iifname . oifname @icc counter accept;
      oifname @bridges counter drop;
      iifname @egress counter accept;
    }
    chain guard { type filter hook prerouting priority raw; policy accept;
      iifname . ip saddr @subnets4 counter accept;
    }
    chain prerouting { type nat hook prerouting priority dstnat;
      fib daddr type local dnat ip to meta l4proto . th dport map @published;
      fib daddr type local dnat ip6 to meta l4proto . th dport map @published6;
    }
    chain postrouting { type nat hook postrouting priority srcnat;
      ip saddr @masq oifname != @bridges counter masquerade;
    })"};
}

inline ports::FirewallElement element(const std::string& set, std::vector<ports::Field> key,
                                      std::vector<ports::Field> value = {}, const std::string& comment = {}) {
  return {"fairlead", set, std::move(key), std::move(value), comment};
}
inline ports::Field name(const std::string& interface) {
  return ports::InterfaceName{interface};
}
inline ports::Field port(std::uint16_t number) {
  return ports::Port{number};
}
inline ports::Field proto(std::uint8_t number) {
  return ports::L4Protocol{number};
}

}  // namespace fairlead::support
