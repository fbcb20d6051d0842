#pragma once
/// The vocabulary of what may exist on a host because of us. Plain values: the engine renders them, the diff
/// compares them, the adapters make them. Every object has a key (what it is) and attributes (how it is).
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/ip.h"

namespace fairlead::ports {

/// Name of a network namespace pinned under /run/netns; empty is the daemon's own, "the host".
using NetnsName = std::string;

/// A network namespace, pinned by name so that it outlives every process. Its deletion takes its links along.
struct Netns {
  NetnsName name;
  bool operator==(const Netns&) const = default;
};

/// A link is known by its namespace and its name.
struct LinkKey {
  NetnsName netns;
  std::string name;
  auto operator<=>(const LinkKey&) const = default;
};

struct LoopbackLink {
  bool operator==(const LoopbackLink&) const = default;
};
struct BridgeLink {
  bool operator==(const BridgeLink&) const = default;
};
/// The host's end of a pair; its key is the host's end, the other end is made straight in `peer.netns` under its final
/// name. Deleting either end deletes both.
struct VethLink {
  LinkKey peer;
  base::Mac peer_mac;
  bool hairpin = false;   ///< bridge port: a frame may leave by the port it came in by
  bool isolated = false;  ///< bridge port: talks to no other isolated port
  bool operator==(const VethLink&) const = default;
};

/// How children of one parent see each other and the world; the kernel's four (MACVLAN_MODE_*).
enum class MacvlanMode { bridge, private_, vepa, passthru };
/// A host of its own on the parent's LAN. The parent lies in the host's namespace, the link itself anywhere.
struct MacvlanLink {
  std::string parent;
  MacvlanMode mode = MacvlanMode::bridge;
  bool operator==(const MacvlanLink&) const = default;
};

enum class IpvlanMode { l2, l3, l3s };
enum class IpvlanFlag { bridge, private_, vepa };
/// As macvlan, under the parent's own hardware address. Mode and flag belong to the parent: the last child's go for
/// all.
struct IpvlanLink {
  std::string parent;
  IpvlanMode mode = IpvlanMode::l2;
  IpvlanFlag flag = IpvlanFlag::bridge;
  bool operator==(const IpvlanLink&) const = default;
};
/// What the parent carries under one 802.1Q tag; both in the host's namespace.
struct VlanLink {
  std::string parent;
  std::uint16_t id = 0;
  bool operator==(const VlanLink&) const = default;
};

using LinkKind = std::variant<LoopbackLink, BridgeLink, VethLink, MacvlanLink, IpvlanLink, VlanLink>;

/// One interface, brought up. The alias is our mark: links without it are never touched.
struct Link {
  LinkKey key;
  LinkKind kind;
  std::uint32_t mtu = 0;  ///< bytes; 0 leaves the kernel's
  std::string master;     ///< bridge in the same namespace, empty for none
  std::optional<base::Mac> mac;
  std::string alias;  ///< `fairlead:…`, at most 255 bytes (IFLA_IFALIAS); empty only for loopback
  bool operator==(const Link&) const = default;
};

/// The host's link that this one stands on; empty for those that stand alone.
std::string parent_of(const Link& link);

/// An interface address. `prefix` keeps its host bits.
struct Address {
  LinkKey link;
  base::Prefix prefix;
  bool operator==(const Address&) const = default;
};

/// A unicast route in the main table, marked with our protocol number.
struct Route {
  NetnsName netns;
  base::Prefix destination;  ///< `0.0.0.0/0` is the default route
  std::optional<base::Ip> via;
  std::string device;
  std::uint32_t metric = 0;
  bool operator==(const Route&) const = default;
};

/// A kernel setting below /proc/sys, as `net/ipv4/ip_forward`. Set when applied, never unset.
struct Sysctl {
  NetnsName netns;
  std::string key;
  std::string value;
  bool operator==(const Sysctl&) const = default;
};

/// The fixed part of our nftables table: chains, sets and maps, in the language of nft(8), without elements.
/// It is replaced as a whole when the text changes; elements live beside it.
struct FirewallSkeleton {
  std::string table;     ///< `fairlead` (family inet)
  std::string text;      ///< body of the table, between its braces
  bool ensured = false;  ///< made where it is missing, then left to the administrator: never changed, never removed
  bool operator==(const FirewallSkeleton&) const = default;
};

struct InterfaceName {
  std::string name;
  auto operator<=>(const InterfaceName&) const = default;
};
struct Port {
  std::uint16_t number = 0;
  auto operator<=>(const Port&) const = default;
};
struct L4Protocol {
  std::uint8_t number = 6;  ///< IPPROTO_TCP 6, IPPROTO_UDP 17, IPPROTO_SCTP 132
  auto operator<=>(const L4Protocol&) const = default;
};
/// A verdict as a map's value; `chain` is set for jump and goto.
struct Verdict {
  enum class Kind { accept, drop, jump, go } kind = Kind::accept;
  std::string chain;
  auto operator<=>(const Verdict&) const = default;
};
/// One field of a (concatenated) key or value. A `Prefix` stands for its whole range in an interval set.
using Field = std::variant<base::Ip, base::Prefix, InterfaceName, Port, L4Protocol, Verdict>;

/// One element of a set or map of our table.
struct FirewallElement {
  std::string table;  ///< `fairlead`
  std::string set;
  std::vector<Field> key;    ///< more than one: a concatenation
  std::vector<Field> value;  ///< empty: a set's element
  std::string comment;       ///< which network, container and intent it serves; at most 128 bytes
  bool operator==(const FirewallElement&) const = default;
};

using Object = std::variant<Netns, Link, Address, Route, Sysctl, FirewallSkeleton, FirewallElement>;

/// What the object is, apart from how it is: equal keys are the same thing on the host. Unique per kind and place.
std::string key_of(const Object& object);
/// One line for people and logs, such as `link docker0 (bridge, mtu 1500)`.
std::string describe(const Object& object);

}  // namespace fairlead::ports
