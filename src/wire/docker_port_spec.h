#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace fairlead::wire {

/// Ports from `first` to `last` of one protocol.
struct DockerPorts {
  std::uint16_t first = 0, last = 0;
  std::string protocol = "tcp";  ///< tcp, udp or sctp
  bool operator==(const DockerPorts&) const = default;
};

/// `80`, `80/tcp`, `8000-8010/udp`: how Docker's API names ports inside a container. Port 0, a range that runs
/// down and unknown protocols are `invalid`.
base::Result<DockerPorts> parse_docker_ports(std::string_view text);

/// The ports that an image exposes, `80/tcp`, each once and in order.
struct ExposedPorts {
  std::vector<std::string> ports;
  std::vector<std::string> unreadable;  ///< keys that name no port
};
/// From the keys of an image's `ExposedPorts`, which nobody has checked: ranges are taken apart, `80` is `80/tcp`.
ExposedPorts read_exposed_ports(const std::vector<std::string>& keys);

/// A host's side of a binding: empty (any free port: 0–0), `8080`, or `8000-8010`. Refuses in Docker's words.
base::Result<DockerPorts> parse_docker_host_ports(std::string_view text);

/// `80/tcp`.
std::string docker_port_text(std::uint16_t port, std::string_view protocol);

}  // namespace fairlead::wire
