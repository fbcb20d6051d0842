#pragma once
/// How our own things are told from everybody else's on a host.
#include <cstdint>
#include <string_view>

namespace fairlead::linuxnet {

/// Route protocol number of our routes and addresses (rtm_protocol, IFA_PROTO). Free in linux/rtnetlink.h and in
/// iproute2's rt_protos; `ip route show proto 250` lists them.
inline constexpr std::uint8_t route_protocol = 0xfa;

/// Every link of ours carries an alias that begins so.
inline constexpr std::string_view alias_mark = "fairlead:";

/// Link group of links whose deletion has begun: for everyone of ours they are gone already. 0xfa1ead.
inline constexpr std::uint32_t condemned_group = 0x00fa1ead;

/// Link group of links that have been made and not yet been given their alias, which the kernel takes only in a second
/// request: a daemon that dies between the two leaves links that can be told. 0xfa1eaf.
inline constexpr std::uint32_t nascent_group = 0x00fa1eaf;

}  // namespace fairlead::linuxnet
