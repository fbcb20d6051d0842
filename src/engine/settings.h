#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/ip.h"

namespace fairlead::engine {

/// One `--default-address-pool base=…,size=…`: subnets of `size` bits are cut out of `base`.
struct AddressPool {
  base::Prefix base;
  int size = 24;
  bool operator==(const AddressPool&) const = default;
};

/// What the administrator set: dockerd's options that the engine's decisions depend on.
struct Settings {
  std::optional<base::Prefix> bridge_ip;   ///< --bip, with host bits
  std::optional<base::Prefix> fixed_cidr;  ///< --fixed-cidr
  std::string bridge = "docker0";          ///< -b/--bridge: a bridge made by others, or `none`; else docker0
  bool foreign_bridge = false;             ///< true when -b names one: used, never made or removed
  std::vector<AddressPool> address_pools;  ///< empty: Docker's defaults
  std::uint32_t mtu = 0;                   ///< --mtu; 0 takes the egress interface's
  std::optional<base::Ip>
      default_binding;  ///< --ip: where ports are published when no address is named; none: everywhere
  std::vector<std::string> dns, dns_options, dns_search;
  std::vector<base::Ip> host_gateway;  ///< --host-gateway-ip, one of a family; empty: the default bridge's addresses
  bool icc = true, ip_forward = true, ip_masq = true, iptables = true;
  bool ip_forward_no_drop = false;  ///< what is forwarded for others passes also where we switched forwarding on
  std::map<std::string, std::string> runtimes;  ///< name -> path
  std::string default_runtime = "runc";
  bool default_init = false;
  std::string data_root, exec_root;
  bool debug = false;
  std::vector<std::string> labels;
  std::string version, git_commit;
  bool operator==(const Settings&) const = default;
};

/// 172.17–172.31 as /16, then 192.168.0.0/16 as /20: Docker's own defaults.
std::vector<AddressPool> docker_address_pools();

}  // namespace fairlead::engine
