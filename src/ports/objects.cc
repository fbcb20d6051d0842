#include "ports/objects.h"

#include <fmt/format.h>

#include "base/overload.h"

namespace fairlead::ports {
namespace {

std::string place(const NetnsName& netns, const std::string& name) {
  return netns.empty() ? name : fmt::format("{}/{}", netns, name);
}
std::string place(const LinkKey& key) {
  return place(key.netns, key.name);
}

std::string in(const NetnsName& netns) {
  return netns.empty() ? "" : " in " + netns;
}

/// A prefix of full length is the same element as its address, so both are written alike.
std::string text(const Field& field) {
  return std::visit(base::Overload{
                        [](const base::Ip& ip) { return ip.text(); },
                        [](const base::Prefix& prefix) {
                          return prefix.length() == prefix.address().bits() ? prefix.address().text()
                                                                            : prefix.network().text();
                        },
                        [](const InterfaceName& interface) { return '"' + interface.name + '"'; },
                        [](const Port& port) { return fmt::format("port {}", port.number); },
                        [](const L4Protocol& protocol) { return fmt::format("proto {}", protocol.number); },
                        [](const Verdict& verdict) {
                          switch (verdict.kind) {
                            case Verdict::Kind::accept:
                              return std::string("accept");
                            case Verdict::Kind::drop:
                              return std::string("drop");
                            case Verdict::Kind::jump:
                              return "jump " + verdict.chain;
                            case Verdict::Kind::go:
                              return "goto " + verdict.chain;
                          }
                          return std::string("accept");
                        },
                    },
                    field);
}

std::string text(const std::vector<Field>& fields) {
  std::string out;
  for (const auto& field : fields) out += (out.empty() ? "" : " . ") + text(field);
  return out;
}

const char* word(MacvlanMode mode) {
  switch (mode) {
    case MacvlanMode::bridge:
      return "bridge";
    case MacvlanMode::private_:
      return "private";
    case MacvlanMode::vepa:
      return "vepa";
    case MacvlanMode::passthru:
      return "passthru";
  }
  return "bridge";
}

const char* word(IpvlanMode mode) {
  switch (mode) {
    case IpvlanMode::l2:
      return "l2";
    case IpvlanMode::l3:
      return "l3";
    case IpvlanMode::l3s:
      return "l3s";
  }
  return "l2";
}

std::string traits(const Link& link) {
  std::string out = std::visit(
      base::Overload{
          [](const LoopbackLink&) { return std::string("loopback"); },
          [](const BridgeLink&) { return std::string("bridge"); },
          [](const VethLink& veth) { return "veth to " + place(veth.peer); },
          [](const MacvlanLink& macvlan) {
            return fmt::format("macvlan {} on {}", word(macvlan.mode), macvlan.parent);
          },
          [](const IpvlanLink& ipvlan) { return fmt::format("ipvlan {} on {}", word(ipvlan.mode), ipvlan.parent); },
          [](const VlanLink& vlan) { return fmt::format("vlan {} on {}", vlan.id, vlan.parent); },
      },
      link.kind);
  if (link.mtu != 0) out += fmt::format(", mtu {}", link.mtu);
  if (link.mac) out += ", mac " + link.mac->text();
  if (!link.master.empty()) out += ", on " + link.master;
  return out;
}

std::string traits(const Route& route) {
  std::string out;
  if (route.via) out += " via " + route.via->text();
  if (!route.device.empty()) out += " dev " + route.device;
  if (route.metric != 0) out += fmt::format(" metric {}", route.metric);
  return out;
}

}  // namespace

std::string parent_of(const Link& link) {
  return std::visit(
      []<class Kind>(const Kind& kind) {
        if constexpr (requires { kind.parent; })
          return kind.parent;
        else
          return std::string();
      },
      link.kind);
}

std::string key_of(const Object& object) {
  return std::visit(
      base::Overload{
          [](const Netns& o) { return "netns " + o.name; },
          [](const Link& o) { return fmt::format("link {}/{}", o.key.netns, o.key.name); },
          [](const Address& o) { return fmt::format("address {}/{} {}", o.link.netns, o.link.name, o.prefix.text()); },
          // The kernel tells routes of one table apart by destination and metric.
          [](const Route& o) { return fmt::format("route {}/{} {}", o.netns, o.destination.text(), o.metric); },
          [](const Sysctl& o) { return fmt::format("sysctl {}/{}", o.netns, o.key); },
          [](const FirewallSkeleton& o) { return "firewall " + o.table; },
          [](const FirewallElement& o) { return fmt::format("element {} {} {}", o.table, o.set, text(o.key)); },
      },
      object);
}

std::string describe(const Object& object) {
  return std::visit(
      base::Overload{
          [](const Netns& o) { return "namespace " + o.name; },
          [](const Link& o) { return fmt::format("link {} ({})", place(o.key), traits(o)); },
          [](const Address& o) { return fmt::format("address {} on {}", o.prefix.text(), place(o.link)); },
          [](const Route& o) { return "route " + o.destination.text() + traits(o) + in(o.netns); },
          [](const Sysctl& o) { return fmt::format("sysctl {} = {}{}", o.key, o.value, in(o.netns)); },
          [](const FirewallSkeleton& o) { return "firewall table " + o.table; },
          [](const FirewallElement& o) {
            const auto value = o.value.empty() ? "" : " : " + text(o.value);
            return fmt::format("element {} {{ {}{} }}", o.set, text(o.key), value);
          },
      },
      object);
}

}  // namespace fairlead::ports
