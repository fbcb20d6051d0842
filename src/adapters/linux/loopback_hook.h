#pragma once
#include <bpf/libbpf.h>

#include <memory>
#include <vector>

#include "base/error.h"
#include "ports/sockets.h"

namespace fairlead::linuxnet {

/// Leads clients of the host's [::1] to containers within connect(2) (BPF_CGROUP_INET6_CONNECT, bpf(2)): their packets
/// then go straight to the container, without a process between. getpeername(2) still tells them [::1]. Left to the
/// forwarder are datagrams, sockets bound to an address or interface, and IPv6-only ones of a container that has IPv4
/// alone. Not thread-safe.
class LoopbackHook {
 public:
  /// For processes of the calling thread's network namespace, wherever they are in the cgroup tree; in force until this
  /// is destroyed. Takes some 50 ms. The error tells what the kernel lacks: cgroup BPF, its own BTF (both: 5.14 and
  /// CONFIG_DEBUG_INFO_BTF), or the permission.
  static base::Result<std::unique_ptr<LoopbackHook>> attach();

  /// Ports that no client at ::1 can reach are passed over.
  void lead(const ports::HostPort& port, const ports::PortTarget& target);
  /// Connections that were led stay.
  void release(const ports::HostPort& port);

 private:
  struct Free {
    void operator()(bpf_object* object) const { bpf_object__close(object); }
    void operator()(bpf_link* link) const { bpf_link__destroy(link); }
  };
  LoopbackHook() = default;

  std::unique_ptr<bpf_object, Free> object_;
  std::vector<std::unique_ptr<bpf_link, Free>> links_;
  int targets_ = -1;  ///< the map; the object's own
};

}  // namespace fairlead::linuxnet
