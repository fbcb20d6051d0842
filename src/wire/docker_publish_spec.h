#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/ip.h"
#include "wire/docker_port_spec.h"

namespace fairlead::wire {

/// What `-p` says: `[ADDRESS:][HOST]:CONTAINER[/PROTOCOL]`, ports or ranges of ports.
struct DockerPublishSpec {
  std::optional<base::Ip> address;  ///< none: every address of the host
  DockerPorts host;                 ///< first 0: any free one; as many as `inside`, or a range to choose from for one
  DockerPorts inside;
  bool operator==(const DockerPublishSpec&) const = default;
};

/// `80`, `8080:80`, `127.0.0.1:8080:80`, `127.0.0.1::80`, `[::1]:8080:80`, `8000-8005:8000-8005/udp`, `8000-8010:80`.
/// `invalid` with what is wrong.
base::Result<DockerPublishSpec> parse_docker_publish_spec(std::string_view text);

}  // namespace fairlead::wire
