#pragma once
/// Brings the sandboxes' name servers in line with the State. On the engine thread, but for `open`.
#include <memory>
#include <set>

#include "doors/dns/name_server.h"
#include "engine/name_view.h"
#include "ports/resolver.h"
#include "ports/socket_keeper.h"

namespace fairlead::daemon {

class Names {
 public:
  /// `keeper` must outlive it.
  static base::Result<std::unique_ptr<Names>> start(std::unique_ptr<ports::Resolvers> resolvers,
                                                    ports::SocketKeeper& keeper);

  /// At boot, once the records are loaded: serves on the sockets that were kept, drops those of sandboxes that
  /// are gone.
  void take_over(const engine::State& state);
  /// After a decision was applied to the State; `touched` as `engine::names_touched` said before. Views change before
  /// it returns; sandboxes that are gone are served no more.
  void refresh(const engine::State& state, const engine::NamesTouched& touched);

  /// Whether a sandbox is to be served and is not yet. It is served until it goes, also when its last user-defined
  /// network leaves it: its resolv.conf still points here.
  bool is_missing(const engine::State& state, const base::SandboxId& sandbox) const;
  /// Its sockets, copies of which are kept. Blocks for less than a millisecond; any thread. The namespace
  /// must be there.
  base::Result<ports::ResolverSockets> open(const base::SandboxId& sandbox, const std::string& netns);
  /// Begins to answer. A sandbox that has left the State meanwhile is forgotten again.
  void serve(const engine::State& state, const base::SandboxId& sandbox, ports::ResolverSockets sockets);

  std::optional<dns::Counts> counters(const base::SandboxId& sandbox) const { return server_->counters(sandbox); }

 private:
  Names(std::unique_ptr<ports::Resolvers> resolvers, std::unique_ptr<dns::NameServer> server,
        ports::SocketKeeper& keeper)
      : resolvers_(std::move(resolvers)), server_(std::move(server)), keeper_(keeper) {}
  std::shared_ptr<const engine::NameView> view(const engine::State& state, const base::SandboxId& sandbox);
  void forget(const base::SandboxId& sandbox);

  std::unique_ptr<ports::Resolvers> resolvers_;
  std::unique_ptr<dns::NameServer> server_;
  ports::SocketKeeper& keeper_;
  std::set<base::SandboxId> served_;
  engine::NetworkNamesBook book_;
};

}  // namespace fairlead::daemon
