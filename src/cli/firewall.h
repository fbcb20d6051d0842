#pragma once
/// `fairlead firewall`: what our table in the live kernel says, in the words of those who look for it.
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace fairlead::cli {

/// A network of ours by its bridge.
struct FirewallNetwork {
  std::string name, bridge;
  std::vector<std::string> subnets;  ///< of networks that are not internal
  bool among_themselves = false;     ///< its containers reach each other
  bool internal = false, reaches_out = false;
  std::string from_outside;  ///< what others reach of it, in words
};

/// A host port that leads to a container; where nothing is translated the host's side is empty.
struct FirewallPort {
  std::string address, protocol;
  std::uint16_t port = 0;
  std::string to_address;
  std::uint16_t to_port = 0;
  std::string network, container, intent;
  std::optional<std::uint64_t>
      connections;  ///< that asked for it and were led by the kernel, since the element is there
};

/// A subnet that leaves under another address; without `as` under that of the interface it leaves by.
struct FirewallSource {
  std::string subnet, as, network;
};

struct FirewallRule {
  std::string chain, verdict, purpose;
  std::optional<std::uint64_t> packets, bytes;  ///< of its counter, where it has one
};

struct FirewallView {
  std::vector<std::string> flags;  ///< of the table: `owner`, `persist`
  std::vector<FirewallNetwork> networks;
  std::vector<FirewallPort> ports;
  std::vector<FirewallSource> sources;
  std::vector<FirewallRule> rules;
  std::vector<std::string> others;  ///< base chains of other tables that drop what they forward unless told otherwise
};

/// Reads `nft -j list ruleset` (libnftables-json(5)). `not_found` if it has no table of ours.
base::Result<FirewallView> read_firewall(std::string_view ruleset);

/// Tables for people.
std::string firewall_text(const FirewallView& view);
/// The same for programs: one JSON object.
std::string firewall_json(const FirewallView& view);

/// The live kernel's, in the caller's network namespace. `not_found` without a table of ours, `conflict` where one of
/// that name is somebody else's.
base::Result<FirewallView> live_firewall();

}  // namespace fairlead::cli
