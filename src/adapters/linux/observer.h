#pragma once
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "adapters/linux/places.h"
#include "wire/netlink_link.h"
#include "wire/netlink_route.h"

namespace fairlead::linuxnet {

/// Reads back plan objects, with at most one dump of links, addresses and routes per namespace.
class Observer {
 public:
  explicit Observer(Places& places) : places_(places) {}
  /// What exists of `wanted`, as it is. A link that is not up (either end) is left out, as is a
  /// host's address without the route to its subnet: making it again mends it.
  base::Result<std::vector<ports::Object>> observe(const std::vector<ports::Object>& wanted);
  /// Links of the host namespace whose alias begins with `alias_prefix`; the far end of a pair stays unknown.
  base::Result<std::vector<ports::Object>> marked_links(const std::string& alias_prefix);
  /// Links of that namespace that stand on one of the host's and have such an alias; nothing if there is no such
  /// namespace.
  base::Result<std::vector<ports::Object>> marked_children(const std::string& alias_prefix,
                                                           const ports::NetnsName& netns);
  /// Routes of the host namespace that are ours by their protocol number.
  base::Result<std::vector<ports::Object>> own_routes();

 private:
  /// What has been read of one namespace so far.
  struct Sight {
    Place* place = nullptr;  ///< none: there is no such namespace
    std::optional<std::vector<wire::LinkRecord>> links;
    std::optional<std::vector<wire::AddressRecord>> addresses;
    std::optional<std::vector<wire::RouteRecord>> routes;
  };
  using Found = base::Result<std::optional<ports::Object>>;

  base::Result<Sight*> sight(const ports::NetnsName& name);
  base::Result<const std::vector<wire::LinkRecord>*> links(const ports::NetnsName& name);
  base::Result<const std::vector<wire::RouteRecord>*> routes(Sight& sight);
  Found find(const ports::Netns& netns);
  Found find(const ports::Link& link);
  Found find(const ports::Address& address);
  base::Result<bool> lacks_subnet_route(const ports::Address& address, const wire::LinkRecord& link);
  Found find(const ports::Route& route);
  Found find(const ports::Sysctl& sysctl);
  base::Result<std::optional<ports::VethLink>> find_veth(const ports::VethLink& wanted, const wire::LinkRecord& found);

  Places& places_;
  std::map<ports::NetnsName, Sight> sights_;
};

}  // namespace fairlead::linuxnet
