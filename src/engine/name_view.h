#pragma once
/// What a sandbox may resolve, drawn from the State. Immutable once made: the name server reads it on a thread of its
/// own.
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "engine/name_table.h"
#include "engine/state.h"

namespace fairlead::engine {

/// The names of one user-defined network; shared by the views of all its members.
struct NetworkNames {
  std::string network;
  NameTable names;                                        ///< each as it is and as `NAME.NETWORK`
  std::vector<std::pair<base::Ip, std::string>> reverse;  ///< sorted; `NAME.NETWORK`
  std::vector<base::Prefix> subnets;
};
/// Made when first needed. Whoever keeps it erases the networks whose members changed (`names_touched`).
using NetworkNamesBook = std::map<NetworkId, Shared<NetworkNames>>;

/// A server that outside names are asked from.
struct Upstream {
  base::Ip address;
  std::string zone;  ///< interface of a link-local address
  bool operator==(const Upstream&) const = default;
};

class NameView {
 public:
  /// Own links first, then the networks in the order of the interfaces; the first that knows the name answers.
  const NamedAddresses* find(std::string_view lower) const;
  /// `NAME.NETWORK`; null when nobody has the address.
  const std::string* find(const base::Ip& address) const;
  /// Lies in a subnet of these networks: nobody outside knows about it.
  bool is_local(const base::Ip& address) const;

  NameTable links;
  std::vector<Shared<NetworkNames>> networks;
  std::vector<Upstream> upstreams;  ///< at most three; none where nothing is forwarded
  std::string upstream_key;         ///< equal for equal `upstreams`
};

/// Servers of a resolv.conf(5), at most three, in order. Lines that cannot be read are passed over.
std::vector<Upstream> upstreams_of(const std::string& resolv_conf);

/// Whether the sandbox gets a name server: its owner is on a user-defined network.
bool has_names(const State& state, const SandboxId& sandbox);
/// The same of a container's own place, for its resolv.conf.
bool has_names(const State& state, const Container& container);

/// `host` are the host's own servers, for a container without --dns under a daemon without --dns. A sandbox whose
/// networks are all internal forwards nothing (CVE-2024-29018).
NameView name_view(const State& state, const SandboxId& sandbox, const std::vector<Upstream>& host,
                   NetworkNamesBook& book);

/// The user-defined networks whose names `changes` can alter, and the sandboxes whose views they can.
struct NamesTouched {
  std::set<NetworkId> networks;
  std::set<SandboxId> sandboxes;
};
/// To be asked before `changes` are applied to `state`.
NamesTouched names_touched(const State& state, const std::vector<Change>& changes);

}  // namespace fairlead::engine
