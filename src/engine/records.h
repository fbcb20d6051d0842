#pragma once
/// What the engine remembers: networks, containers with their endpoints, sandboxes. Plain values.
#include <sys/types.h>

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/id.h"
#include "base/ip.h"
#include "ports/clock.h"
#include "ports/container_spec.h"
#include "ports/objects.h"
#include "ports/sockets.h"

namespace fairlead::engine {

using base::ContainerId;
using base::EndpointId;
using base::NetworkId;
using base::SandboxId;
using ports::Time;

enum class Driver { bridge, host, null, macvlan, ipvlan };

/// One subnet of a network.
struct Subnet {
  base::Prefix prefix;                ///< host bits clear
  std::optional<base::Prefix> range;  ///< --ip-range: where free addresses are taken from
  std::optional<base::Ip> gateway;
  std::map<std::string, base::Ip> auxiliary;
  bool asked = false;  ///< the user named it (static addresses are allowed then)
  std::optional<base::Ip>
      cursor;  ///< last address given; the search goes on from there, so that freed ones are reused last
  bool operator==(const Subnet&) const = default;
};

/// How one family of a bridge network reaches the outside: Docker's `gateway_mode_ipv4` and `gateway_mode_ipv6`.
enum class GatewayMode {
  nat,              ///< under the host's address; from outside only published ports
  nat_unprotected,  ///< the same, but whoever has a route to a container reaches all of its ports
  routed,           ///< under its own address; from outside published ports and ICMP
  isolated,         ///< internal networks only: not even the host has an address there
};

/// What the containers of a macvlan or ipvlan network stand on.
struct ParentLink {
  enum class Origin {
    found,     ///< the host's own: used, never made or removed
    vlan,      ///< made by us upon `base`, and gone with the last network that uses it
    isolated,  ///< made by us, and leads nowhere
  };
  enum class Health {
    up,
    down,        ///< by its administrator's will
    missing,     ///< the containers' links went with it
    no_carrier,  ///< up, but its wire leads nowhere
  };
  std::string name;
  Origin origin = Origin::found;
  std::string base;  ///< vlan: the link that carries the tag
  std::uint16_t vlan_id = 0;
  base::Mac mac;  ///< of the parent, under which passthru containers live
  ports::MacvlanMode macvlan = ports::MacvlanMode::bridge;
  ports::IpvlanMode ipvlan = ports::IpvlanMode::l2;
  ports::IpvlanFlag ipvlan_flag = ports::IpvlanFlag::bridge;
  bool host_access = false;    ///< the host has a link of its own beside the containers'
  Health health = Health::up;  ///< as last seen
  bool operator==(const ParentLink&) const = default;
};

struct Network {
  NetworkId id;
  std::string name;
  Driver driver = Driver::bridge;
  Time created{};
  bool predefined = false, internal = false, attachable = false, ipv4 = true, ipv6 = false;
  bool config_only = false;     ///< only a set of answers for `--config-from`: nothing of it is on the host
  std::string config_from;      ///< name of the configuration network that it was made by; empty for none
  std::vector<Subnet> subnets;  ///< at most one of each family, IPv4 first
  std::map<std::string, std::string> options, labels, ipam_options;
  std::string bridge;  ///< link on the host, bridge driver
  ParentLink parent;   ///< macvlan and ipvlan drivers
  bool foreign_bridge = false;
  std::uint32_t mtu = 1500;
  bool icc = true, masquerade = true;
  bool inhibit_ipv4 = false;  ///< the bridge goes without its IPv4 address
  GatewayMode mode_ipv4 = GatewayMode::nat, mode_ipv6 = GatewayMode::nat;
  std::optional<base::Ip> source_ipv4,
      source_ipv6;                              ///< what containers leave under instead of the egress's own address
  std::string interface_prefix = "eth";         ///< names inside: this and a number
  std::vector<std::string> trusted_interfaces;  ///< host interfaces from which published ports are reached at the
                                                ///< container's own address
  bool operator==(const Network&) const = default;
};

/// A container's live place on a network, while its sandbox is up.
struct Endpoint {
  EndpointId id;
  std::optional<base::Prefix> ipv4, ipv6;
  base::Mac mac;
  std::string interface;  ///< inside: eth0, eth1…
  std::string host_link;  ///< outside: veth + 7 hex; empty for host and null
  bool operator==(const Endpoint&) const = default;
};

/// That a container belongs to a network; lives until it is disconnected.
struct Attachment {
  NetworkId network;
  std::string network_name;
  ports::EndpointRequest request;
  std::optional<Endpoint> endpoint;
  std::optional<base::Ip> last_ipv4, last_ipv6;  ///< asked for again at the next start
  std::string last_interface;                    ///< likewise
  bool operator==(const Attachment&) const = default;
};

/// A port of the host that leads to a container while it is up.
struct Published {
  ports::HostPort host;
  std::uint16_t container_port = 0;
  bool chosen = false;  ///< the number was ours to choose, not the user's
  bool operator==(const Published&) const = default;
};

enum class Phase {
  created,
  starting,  ///< sandbox and endpoints are being made, or the process waits for its release
  running,
  exited,
  restarting,  ///< ended, and its policy starts it again after a pause
  removing,
  dead,
};

struct Container {
  ContainerId id;
  std::string name;           ///< without slash
  ports::ContainerSpec spec;  ///< merged with the image
  std::string image_id;
  std::vector<std::string> layer_dirs;
  std::string path;               ///< what runs: program…
  std::vector<std::string> args;  ///< …and its arguments
  Time created{}, started{}, finished{};
  Phase phase = Phase::created;
  pid_t pid = 0, monitor_pid = 0;
  int exit_code = 0, restart_count = 0;
  bool oom_killed = false;
  bool stop_asked = false;  ///< somebody stopped it: no restart policy brings it back before the next start
  std::string error;
  std::optional<SandboxId> sandbox;     ///< own or joined one, while starting or running (also none mode; not host)
  std::optional<ContainerId> joined;    ///< container:X, resolved at create
  std::vector<Attachment> attachments;  ///< in interface order
  std::vector<std::string> volumes;     ///< names of anonymous volumes made for it
  std::vector<Published> published;     ///< while it is up, on a network that leads out
  bool operator==(const Container&) const = default;

  bool is_up() const { return phase == Phase::running || phase == Phase::starting; }
};

/// A network namespace and those who live in it. It goes when its last user stops.
struct Sandbox {
  SandboxId id;
  ContainerId owner;
  std::set<ContainerId> users;
  std::string netns;  ///< pin under /run/netns: `fl-` + 12 digits of the id
  bool operator==(const Sandbox&) const = default;
};

/// What the host itself looks like as far as we changed it.
struct HostRecord {
  bool forwarding_switched_on = false;       ///< we set ip_forward: then we also answer for what is forwarded
  bool ipv6_forwarding = false;              ///< an IPv6 network needs it
  bool ipv6_forwarding_switched_on = false;  ///< and we switched it on
  bool ipv6_forwarding_of_others = false;    ///< it was on before us: then the host routes for others as well
  std::string boot_id;              ///< of the boot during which that was so; empty in records of older versions
  std::optional<base::Prefix> ula;  ///< our own /48 (RFC 4193), drawn once; networks without a subnet get a /64 of it
  bool operator==(const HostRecord&) const = default;
};

/// Whether containers stand on a link of the host.
inline bool has_parent(const Network& network) {
  return network.driver == Driver::macvlan || network.driver == Driver::ipvlan;
}
/// The network's subnet of that family; null when it has none.
inline const Subnet* subnet_of(const Network& network, base::Family family) {
  for (const auto& subnet : network.subnets) {
    if (subnet.prefix.family() == family) return &subnet;
  }
  return nullptr;
}
inline GatewayMode gateway_mode(const Network& network, base::Family family) {
  return family == base::Family::v4 ? network.mode_ipv4 : network.mode_ipv6;
}

}  // namespace fairlead::engine
