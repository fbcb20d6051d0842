#pragma once
#include <map>
#include <memory>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "base/error.h"
#include "engine/records.h"
#include "engine/settings.h"

namespace fairlead::engine {

template <class T>
using Shared = std::shared_ptr<const T>;

/// One change of the State: a record put (new or replaced) or erased.
struct Erase {
  std::variant<NetworkId, ContainerId, SandboxId> key;
  bool operator==(const Erase&) const = default;
};
using Change = std::variant<Network, Container, Sandbox, HostRecord, Erase>;

/// Everything the engine knows. A copy shares the records but not the maps that hold them, so it costs a little for
/// every record; only `apply` changes it. One thread.
class State {
 public:
  explicit State(Settings settings = {});

  const Settings& settings() const { return *settings_; }
  void set_settings(Settings settings);
  const HostRecord& host() const { return host_; }
  const std::map<NetworkId, Shared<Network>>& networks() const { return networks_; }
  const std::map<ContainerId, Shared<Container>>& containers() const { return containers_; }
  const std::map<SandboxId, Shared<Sandbox>>& sandboxes() const { return sandboxes_; }

  Shared<Network> network(const NetworkId& id) const;  ///< null when there is none
  Shared<Container> container(const ContainerId& id) const;
  Shared<Sandbox> sandbox(const SandboxId& id) const;
  /// By full id, name, or unique id prefix, in this order. 404 `network N not found`, 400 when a prefix is ambiguous.
  base::Result<Shared<Network>> find_network(const std::string& reference) const;
  /// As `find_network`; a leading slash is ignored. 404 `No such container: N`.
  base::Result<Shared<Container>> find_container(const std::string& reference) const;
  /// Up containers attached to a network.
  std::vector<Shared<Container>> members(const NetworkId& id) const;
  /// Who holds or has reserved which address: of several claims, the one that is up, else the oldest container's.
  std::map<base::Ip, ContainerId> used_addresses(const NetworkId& id) const;
  /// Who has `address` on that network; null when nobody, or only `except`.
  Shared<Container> holder(const NetworkId& id, const base::Ip& address, const ContainerId& except = {}) const;

  /// Who has published that port of the host; null when nobody, or only `except`. Ports of one number meet when their
  /// addresses do: `0.0.0.0` meets every IPv4 address, no address meets all.
  Shared<Container> publisher(const ports::HostPort& port, const ContainerId& except = {}) const;

  void apply(const Change& change);

 private:
  /// Every container that lives at an address or asked for it, so that a start need not look through all containers.
  using Claims = std::map<base::Ip, std::set<ContainerId>>;

  void drop_names(const Container& container);
  void put(const Network& network);
  void put(const Container& container);
  void erase(const NetworkId& id);
  void erase(const ContainerId& id);
  Shared<Container> first_claim(const NetworkId& id, const std::set<ContainerId>& claims,
                                const ContainerId& except) const;

  std::shared_ptr<const Settings> settings_;
  HostRecord host_;
  std::map<NetworkId, Shared<Network>> networks_;
  std::map<ContainerId, Shared<Container>> containers_;
  std::map<SandboxId, Shared<Sandbox>> sandboxes_;
  std::map<std::string, ContainerId> container_names_;
  std::map<std::string, NetworkId> network_names_;
  std::map<NetworkId, Claims> claims_;
  struct Publisher {
    ports::HostPort port;
    ContainerId id;
  };
  std::multimap<std::uint32_t, Publisher> publishers_;  ///< by the slot of each host port
};

}  // namespace fairlead::engine
