#pragma once
#include <initializer_list>
#include <string>

#include "base/error.h"
#include "engine/records.h"
#include "engine/settings.h"

namespace fairlead::engine {

inline constexpr char kOptionName[] = "com.docker.network.bridge.name";
inline constexpr char kOptionDefault[] = "com.docker.network.bridge.default_bridge";
inline constexpr char kOptionIcc[] = "com.docker.network.bridge.enable_icc";
inline constexpr char kOptionMasquerade[] = "com.docker.network.bridge.enable_ip_masquerade";
inline constexpr char kOptionBinding[] = "com.docker.network.bridge.host_binding_ipv4";
inline constexpr char kOptionMtu[] = "com.docker.network.driver.mtu";
inline constexpr char kOptionInhibit[] = "com.docker.network.bridge.inhibit_ipv4";
inline constexpr char kOptionModeIpv4[] = "com.docker.network.bridge.gateway_mode_ipv4";
inline constexpr char kOptionModeIpv6[] = "com.docker.network.bridge.gateway_mode_ipv6";
inline constexpr char kOptionTrusted[] = "com.docker.network.bridge.trusted_host_interfaces";
inline constexpr char kOptionSourceIpv4[] = "com.docker.network.host_ipv4";
inline constexpr char kOptionSourceIpv6[] = "com.docker.network.host_ipv6";
inline constexpr char kOptionPrefix[] = "com.docker.network.container_iface_prefix";

/// Sets from its options what a bridge network makes of them; 400 when a value cannot be read. Without an option stands
/// what the network has already. Those it does not know are kept and do nothing, as with Docker.
base::Result<void> apply_bridge_options(Network& network);
/// Names the options that a bridge network does not know; empty when there are none.
std::string unknown_options_warning(const Network& network);

/// 400 for the first option that is not among `known`.
base::Result<void> check_keys(const Network& network, const char* driver, std::initializer_list<const char*> known);
/// A yes or no as Go reads it; without the option stands what there is. So with the others.
base::Result<void> set_flag(const Network& network, const char* key, bool& flag);
base::Result<void> set_mtu(Network& network);
base::Result<void> set_prefix(Network& network);

/// An interface name as the kernel takes it: 1 to 15 bytes, no slash, no white space (dev_valid_name).
bool is_interface_name(const std::string& name);

}  // namespace fairlead::engine
