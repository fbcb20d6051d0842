#pragma once
#include <string>

#include "engine/state.h"

namespace fairlead::engine {

/// Content of the container's /etc/hosts: localhost lines, --add-host (with `host-gateway`), links, its own addresses.
/// In host mode the localhost lines are those of `host_file`, the host's own file.
std::string hosts_file(const State& state, const Container& container, const std::string& host_file = {});
/// Where a sandbox finds its name server, as in Docker.
inline constexpr char kNameServer[] = "127.0.0.11";

/// Content of /etc/resolv.conf: the container's and daemon's --dns settings over the host's own file, from which
/// loopback servers are taken out (host mode keeps it as it is). On a user-defined network `kNameServer` alone, and
/// ndots:0.
std::string resolv_conf(const State& state, const Container& container, const std::string& host_file);
/// The hostname it sees: --hostname, else its 12 digits; host mode takes the host's.
std::string hostname(const Container& container, const std::string& host_name);

}  // namespace fairlead::engine
