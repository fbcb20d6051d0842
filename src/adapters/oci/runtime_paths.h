#pragma once
#include <filesystem>
#include <string>

#include "base/id.h"

namespace fairlead::oci {

/// Where a container's files are. Below data-root what lasts until `rm`, below exec-root what lasts while it runs.
struct ContainerPaths {
  std::filesystem::path data;    ///< <data-root>/containers/ID
  std::filesystem::path bundle;  ///< <exec-root>/ID: config.json, mount point, conmon's sockets

  std::filesystem::path upper() const { return data / "upper"; }
  std::filesystem::path work() const { return data / "work"; }
  std::filesystem::path log() const { return data / "container.log"; }
  std::filesystem::path root() const { return bundle / "merged"; }
  std::filesystem::path shm() const { return bundle / "shm"; }
  std::filesystem::path pidfile() const { return bundle / "pid"; }
  std::filesystem::path monitor_pidfile() const { return bundle / "conmon.pid"; }
  std::filesystem::path record() const { return bundle / "launch"; }
};

/// The two roots of one daemon.
struct Roots {
  std::filesystem::path data, exec;

  ContainerPaths of(const base::ContainerId& id) const { return {data / "containers" / id.text(), exec / id.text()}; }
  std::filesystem::path exits() const { return exec / "exits"; }
  std::filesystem::path exit_file(const base::ContainerId& id) const { return exits() / id.text(); }
  /// State directory of one runtime: never shared with other engines on the machine.
  std::filesystem::path runtime_state(const std::string& runtime) const { return exec / ("runtime-" + runtime); }
  std::filesystem::path volumes() const { return data / "volumes"; }
};

}  // namespace fairlead::oci
