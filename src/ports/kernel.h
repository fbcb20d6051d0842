#pragma once
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/error.h"
#include "ports/plan.h"

namespace fairlead::ports {

/// One interface of the host.
struct LinkFacts {
  bool up = false;  ///< by its administrator's will; it may still lack a carrier
  base::Mac mac;
  std::string kind = {};  ///< `bridge`, `vlan`, `macvlan`, …; empty for a device
  bool is_ours = false;   ///< by its mark
  bool carrier = true;    ///< its wire leads somewhere; told of links that are up
};

/// What a namespace that is not ours to manage (the host) looks like, for decisions.
struct HostFacts {
  std::vector<base::Prefix> routes;     ///< every destination in the main table except default routes
  std::vector<base::Prefix> addresses;  ///< every interface address
  std::map<std::string, std::vector<base::Prefix>> link_addresses;  ///< the same by interface name
  std::map<std::string, LinkFacts> links;                           ///< by name
  std::map<std::string, std::string> other_names;  ///< altnames of links, to the name each has in `links`
  std::uint32_t egress_mtu = 1500;      ///< of the interface that carries the default route; 1500 without one
  bool ip_forward_was_on = false;       ///< net.ipv4.ip_forward when asked
  bool ipv6_forwarding_was_on = false;  ///< net.ipv6.conf.all.forwarding when asked
  std::string boot_id = {};             ///< of this boot of the machine; empty when it cannot be read
  std::uint16_t first_ephemeral = 32768, last_ephemeral = 60999;  ///< net.ipv4.ip_local_port_range
  std::vector<std::string> advertised_links;  ///< interfaces that learnt a default route by router advertisement
};

/// Makes and unmakes plan objects other than firewall ones: namespaces, links, addresses, routes, sysctls.
/// Blocking; used from one thread at a time, any thread. Works in the namespace in which it was constructed.
class Kernel {
 public:
  virtual ~Kernel() = default;
  /// Applies the steps in order. On failure the steps already done are taken back and the error says which failed.
  /// A creation of what exists makes it so; a deletion of what is gone succeeds. Deletions of links and namespaces may
  /// be collected and finish a little later; `settle` waits for them.
  virtual base::Result<void> apply(const Plan& steps) = 0;
  /// Which of `wanted` exist as they are, or as what; objects that do not exist are left out.
  /// The keys of the answer are those of `wanted`.
  virtual base::Result<std::vector<Object>> observe(const std::vector<Object>& wanted) = 0;
  /// Our own things by mark, wanted or not, to find what a crash left behind: links of the host namespace whose alias
  /// begins with `alias_prefix`, children of host links with such an alias in the namespaces `inside`, routes of the
  /// host namespace, and pins under /run/netns whose name begins with `netns_prefix`.
  virtual base::Result<std::vector<Object>> find_marked(const std::string& alias_prefix,
                                                        const std::string& netns_prefix,
                                                        const std::vector<NetnsName>& inside = {}) = 0;
  virtual base::Result<HostFacts> host_facts() = 0;
  /// Which of these kinds of link (`macvlan`, `ipvlan`, `vlan`) the kernel cannot make, be it with a module that it
  /// loads for that. Makes none.
  virtual base::Result<std::set<std::string>> lacking(const std::set<std::string>& kinds) = 0;
  /// Waits until collected deletions are done.
  virtual void settle() = 0;
};

/// Makes and unmakes firewall objects, each call one nftables transaction: all of it or nothing.
class Firewall {
 public:
  virtual ~Firewall() = default;
  virtual base::Result<void> commit(const Plan& steps) = 0;
  /// As `Kernel::observe`, for `FirewallSkeleton` and `FirewallElement`. Another program's table of that name counts as
  /// absent.
  virtual base::Result<std::vector<Object>> observe(const std::vector<Object>& wanted) = 0;
  /// Every element that our table holds, wanted or not.
  virtual base::Result<std::vector<Object>> elements(const std::string& table) = 0;
};

}  // namespace fairlead::ports
