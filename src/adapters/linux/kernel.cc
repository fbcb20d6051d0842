#include "adapters/linux/kernel.h"

#include <linux/netlink.h>
#include <linux/rtnetlink.h>

#include <algorithm>
#include <cerrno>
#include <sstream>
#include <system_error>
#include <unordered_map>

#include "adapters/linux/applier.h"
#include "adapters/linux/mark.h"
#include "adapters/linux/netns.h"
#include "adapters/linux/observer.h"
#include "adapters/linux/snapshot.h"
#include "adapters/linux/sysctl.h"
#include "base/log.h"

namespace fairlead::linuxnet {
namespace {

class LinuxKernel final : public ports::Kernel {
 public:
  LinuxKernel(Place home, NetlinkSocket reaper_socket) : home_(std::move(home)), reaper_(std::move(reaper_socket)) {}

  base::Result<void> apply(const ports::Plan& steps) override;
  base::Result<std::vector<ports::Object>> observe(const std::vector<ports::Object>& wanted) override;
  base::Result<std::vector<ports::Object>> find_marked(const std::string& alias_prefix, const std::string& netns_prefix,
                                                       const std::vector<ports::NetnsName>& inside) override;
  base::Result<ports::HostFacts> host_facts() override;
  base::Result<std::set<std::string>> lacking(const std::set<std::string>& kinds) override;
  void settle() override { reaper_.settle(); }

 private:
  void take_back(const ports::Plan& steps);

  Place home_;
  Reaper reaper_;
};

base::Result<void> LinuxKernel::apply(const ports::Plan& steps) {
  Places places(home_);
  Applier applier(places, reaper_, steps);
  auto applied = applier.run();
  if (!applied) take_back(applier.undo_plan());
  return applied;
}

/// Step by step, so that one that cannot be taken back does not keep the others.
void LinuxKernel::take_back(const ports::Plan& steps) {
  Places places(home_);
  for (const auto& step : steps) {
    const ports::Plan one{step};
    if (auto undone = Applier(places, reaper_, one).run(); !undone) {
      base::log(base::LogLevel::error, "taking back a failed change: {}", undone.error().text);
    }
  }
}

base::Result<std::vector<ports::Object>> LinuxKernel::observe(const std::vector<ports::Object>& wanted) {
  Places places(home_);
  return Observer(places).observe(wanted);
}

base::Result<std::vector<ports::Object>> LinuxKernel::find_marked(const std::string& alias_prefix,
                                                                  const std::string& netns_prefix,
                                                                  const std::vector<ports::NetnsName>& inside) {
  Places places(home_);
  Observer observer(places);
  auto found = observer.marked_links(alias_prefix);
  if (!found) return found;
  for (const auto& netns : inside) {
    auto children = observer.marked_children(alias_prefix, netns);
    if (!children) return children;
    std::ranges::move(*children, std::back_inserter(*found));
  }
  auto routes = observer.own_routes();
  if (!routes) return routes;
  std::ranges::move(*routes, std::back_inserter(*found));
  for (auto& name : list_netns(netns_prefix)) found->emplace_back(ports::Netns{std::move(name)});
  return found;
}

/// Interface of the default route: the lowest metric, IPv4 before IPv6; 0 without one.
std::uint32_t egress_index(const std::vector<wire::RouteRecord>& routes) {
  const wire::RouteRecord* best = nullptr;
  for (const auto& route : routes) {
    if (route.destination.length() != 0 || route.device == 0) continue;
    const auto rank = [](const wire::RouteRecord& r) { return std::pair(r.destination.family(), r.metric); };
    if (best == nullptr || rank(route) < rank(*best)) best = &route;
  }
  return best == nullptr ? 0 : best->device;
}

/// Names of the interfaces whose default route a router advertised.
std::vector<std::string> advertised(const std::vector<wire::RouteRecord>& routes,
                                    const std::vector<wire::LinkRecord>& links) {
  std::vector<std::string> names;
  for (const auto& route : routes) {
    if (route.destination.length() != 0 || route.protocol != RTPROT_RA) continue;
    const auto link = std::ranges::find(links, route.device, &wire::LinkRecord::index);
    if (link != links.end() && std::ranges::find(names, link->name) == names.end()) names.push_back(link->name);
  }
  return names;
}

base::Result<ports::HostFacts> LinuxKernel::host_facts() {
  auto links = read_links(home_.socket);
  if (!links) return std::unexpected(links.error());
  auto addresses = read_addresses(home_.socket);
  if (!addresses) return std::unexpected(addresses.error());
  auto routes = read_routes(home_.socket);
  if (!routes) return std::unexpected(routes.error());
  ports::HostFacts facts;
  std::unordered_map<std::uint32_t, const std::string*> names;
  for (const auto& link : *links) {
    if (link.group == condemned_group) continue;  // those are as good as gone
    names.emplace(link.index, &link.name);
    facts.links[link.name] = {link.up, link.mac.value_or(base::Mac{}), link.kind, is_ours(link), link.carrier};
    for (const auto& other : link.other_names) facts.other_names.emplace(other, link.name);
  }
  for (const auto& address : *addresses) {
    const auto name = names.find(address.index);
    if (name == names.end()) continue;
    facts.addresses.push_back(address.prefix);
    facts.link_addresses[*name->second].push_back(address.prefix);
  }
  for (const auto& route : *routes) {
    if (route.destination.length() != 0) facts.routes.push_back(route.destination);
  }
  const auto egress = std::ranges::find(*links, egress_index(*routes), &wire::LinkRecord::index);
  if (egress != links->end()) facts.egress_mtu = egress->mtu;
  facts.advertised_links = advertised(*routes, *links);
  auto asked = inside_netns(home_.netns, [&]() -> base::Result<void> {
    auto value = read_sysctl("net/ipv4/ip_forward");
    if (!value) return std::unexpected(value.error());
    facts.ip_forward_was_on = *value == "1";
    auto ipv6 = read_sysctl("net/ipv6/conf/all/forwarding");
    if (!ipv6) return std::unexpected(ipv6.error());
    facts.ipv6_forwarding_was_on = *ipv6 == "1";
    auto boot = read_sysctl("kernel/random/boot_id");
    if (!boot) return std::unexpected(boot.error());
    facts.boot_id = boot->value_or("");
    auto range = read_sysctl("net/ipv4/ip_local_port_range");
    if (!range) return std::unexpected(range.error());
    if (*range) std::istringstream(**range) >> facts.first_ephemeral >> facts.last_ephemeral;
    return {};
  });
  if (!asked) return std::unexpected(asked.error());
  return facts;
}

/// Asks for links that stand on nothing: refused in any case, and how tells.
base::Result<std::set<std::string>> LinuxKernel::lacking(const std::set<std::string>& kinds) {
  std::set<std::string> lacking;
  for (const auto& kind : kinds) {
    wire::NetlinkBatch batch;
    wire::put_new_child(batch, "fl-probe", {}, {.kind = kind, .vlan = 1});
    const auto acks = home_.socket.transact(batch);
    if (!acks) return std::unexpected(acks.error());
    if (acks->front().error == EPERM) return base::fail_errno(EPERM, "asking for a link of kind " + kind);
    if (acks->front().error == EOPNOTSUPP) lacking.insert(kind);
  }
  return lacking;
}

/// What a daemon that died in the middle of making a link has left.
base::Result<void> delete_nascent(NetlinkSocket& socket) {
  wire::NetlinkBatch batch;
  wire::put_delete_link_group(batch, nascent_group);
  auto acks = socket.transact(batch);
  if (!acks) return std::unexpected(acks.error());
  const int error = acks->front().error;
  if (error != 0 && error != ENODEV) return base::fail_errno(error, "deleting half-made links");
  return {};
}

}  // namespace

base::Result<std::unique_ptr<ports::Kernel>> make_kernel() {
  auto home = open_home();
  if (!home) return std::unexpected(home.error());
  if (auto tidy = delete_nascent(home->socket); !tidy) return std::unexpected(tidy.error());
  auto reaper_socket = NetlinkSocket::open(NETLINK_ROUTE);
  if (!reaper_socket) return std::unexpected(reaper_socket.error());
  try {
    return std::make_unique<LinuxKernel>(std::move(*home), std::move(*reaper_socket));
  } catch (const std::system_error& error) {  // no thread to be had
    return base::fail_errno(error.code().value(), "starting the thread that deletes links");
  }
}

}  // namespace fairlead::linuxnet
