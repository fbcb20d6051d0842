#pragma once
/// What may be asked of the engine: by people through the doors, and by the world (exits, start-up).
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "base/id.h"
#include "engine/records.h"
#include "ports/container_spec.h"
#include "ports/images.h"
#include "ports/kernel.h"

namespace fairlead::engine {

/// What cannot be derived from the State: the world at the moment of the command.
struct Facts {
  ports::Time now{};
  ports::HostFacts host;                   ///< routes and addresses of the host, egress MTU, ip_forward
  std::function<base::Entropy()> entropy;  ///< fresh random bytes at each call
  int cpus = 0;                            ///< processors of the machine; 0 leaves --cpus unchecked above
  std::set<ports::HostPort> busy;          ///< host ports that other programs have been found to hold
  std::set<std::string> lacking;           ///< of `link_kinds`, what the kernel has not (CreateNetwork only)
  std::vector<base::Prefix> foreign_bridge_addresses;  ///< addresses of the bridge that -b names (BootHost only)
};

/// Makes the predefined networks where they are missing and brings stored ones in line with the settings.
struct BootHost {};

/// Parents of networks may have come, gone, or changed.
struct ParentsSeen {};

struct CreateNetwork {
  std::string name, driver = "bridge";
  bool internal = false, attachable = false, ingress = false, config_only = false;
  bool ipv4 = true, ipv6 = false;
  std::string ipam_driver = "default", scope, config_from;
  struct Pool {
    std::string subnet, ip_range, gateway;
    std::map<std::string, std::string> auxiliary;
  };
  std::vector<Pool> pools;
  std::map<std::string, std::string> options, labels, ipam_options;
};
struct RemoveNetwork {
  NetworkId id;
};
struct Connect {
  ContainerId container;
  ports::EndpointRequest request;
};
struct Disconnect {
  ContainerId container;
  std::string network;
  bool force = false;
};

struct CreateContainer {
  std::string name;           ///< empty: one is made up, adjective_noun
  ports::ContainerSpec spec;  ///< as asked, before the image is merged
  ports::Image image;
};
/// Allocates sandbox, endpoints and addresses; the container is `starting` afterwards.
struct StartContainer {
  ContainerId id;
};
struct ContainerStarted {
  ContainerId id;
  pid_t pid = 0, monitor_pid = 0;
};
/// A start that failed after `StartContainer`: everything it took is given back.
struct StartFailed {
  ContainerId id;
  std::string error;
  int exit_code = 128;
};
struct ContainerExited {
  ContainerId id;
  int exit_code = 0;
  bool oom_killed = false;
  ports::Time at{};
};
/// Records that the user wants it down: no restart policy acts until the next start.
struct StopAsked {
  ContainerId id;
};
struct RenameContainer {
  ContainerId id;
  std::string name;
};
/// Its record, endpoints and reservations go. Refused while it is up.
struct RemoveContainer {
  ContainerId id;
};
/// Names of the anonymous volumes that were made for it.
struct VolumesMade {
  ContainerId id;
  std::vector<std::string> names;
};

/// Publishes further ports of a container, or no longer; also while it runs, when Docker cannot.
struct ChangePorts {
  ContainerId id;
  std::vector<ports::PortBinding> publish;
  std::vector<ports::PortBinding> unpublish;  ///< host side left out (empty, 0): all bindings of that container port
};

using Command = std::variant<BootHost, ParentsSeen, CreateNetwork, RemoveNetwork, Connect, Disconnect, CreateContainer,
                             StartContainer, ContainerStarted, StartFailed, ContainerExited, StopAsked, RenameContainer,
                             RemoveContainer, VolumesMade, ChangePorts>;

}  // namespace fairlead::engine
