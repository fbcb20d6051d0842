#pragma once
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

/// Sets `bridge`, `icc`, `masquerade` and `mtu` of a bridge network from its options; 400 when one cannot be read.
/// Without an option stands what the network has already.
base::Result<void> apply_bridge_options(Network& network);

}  // namespace fairlead::engine
