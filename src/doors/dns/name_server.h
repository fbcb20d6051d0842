#pragma once
#include <memory>
#include <optional>

#include "doors/dns/limits.h"
#include "engine/name_view.h"
#include "ports/resolver.h"

namespace fairlead::dns {

/// Answers the questions of all sandboxes on a thread of its own. Every call may come from any thread and returns at
/// once. Outside servers are asked from the network namespace in which it was started.
class NameServer {
 public:
  using View = std::shared_ptr<const engine::NameView>;

  static base::Result<std::unique_ptr<NameServer>> start(const Limits& limits = {});
  /// Questions under way outside are given up to a second to come back; what comes in meanwhile stays in the sockets.
  ~NameServer();
  NameServer(const NameServer&) = delete;
  NameServer& operator=(const NameServer&) = delete;

  /// Begins to answer on these sockets; those of an earlier call for the sandbox are closed.
  void serve(const base::SandboxId& sandbox, ports::ResolverSockets sockets, View view);
  /// A question that is asked after this returned is answered from `view`. Nothing happens for a sandbox that is not
  /// served.
  void update(const base::SandboxId& sandbox, View view);
  /// Closes its sockets.
  void drop(const base::SandboxId& sandbox);
  /// Nothing for a sandbox that is not served.
  std::optional<Counts> counters(const base::SandboxId& sandbox) const;

 private:
  class Thread;
  explicit NameServer(std::unique_ptr<Thread> thread);
  std::unique_ptr<Thread> thread_;
};

}  // namespace fairlead::dns
