#include "daemon/names.h"

#include <fstream>
#include <sstream>

#include "base/log.h"

namespace fairlead::daemon {
namespace {

using base::LogLevel;

/// How the keys of name sockets begin and end.
const std::string kPrefix = "name ", kUdp = " udp", kTcp = " tcp";

/// Read anew for each view: the file changes when the host moves to another network.
std::vector<engine::Upstream> host_servers() {
  std::ifstream in("/etc/resolv.conf");
  std::ostringstream text;
  text << in.rdbuf();
  return engine::upstreams_of(text.str());
}

void complain(const char* what, const base::Result<void>& outcome) {
  if (!outcome) base::log(LogLevel::warn, "{}: {}", what, outcome.error().text);
}

}  // namespace

base::Result<std::unique_ptr<Names>> Names::start(std::unique_ptr<ports::Resolvers> resolvers,
                                                  ports::SocketKeeper& keeper) {
  auto server = dns::NameServer::start();
  if (!server) return std::unexpected(server.error());
  return std::unique_ptr<Names>(new Names(std::move(resolvers), std::move(*server), keeper));
}

std::shared_ptr<const engine::NameView> Names::view(const engine::State& state, const base::SandboxId& sandbox) {
  return std::make_shared<const engine::NameView>(engine::name_view(state, sandbox, host_servers(), book_));
}

void Names::take_over(const engine::State& state) {
  auto kept = keeper_.take(kPrefix);
  if (!kept) return complain("taking name sockets back", std::unexpected(kept.error()));
  std::map<std::string, ports::ResolverSockets> by_sandbox;
  for (auto& [key, socket] : *kept) {
    auto& pair = by_sandbox[key.substr(kPrefix.size(), key.rfind(' ') - kPrefix.size())];
    (key.ends_with(kUdp) ? pair.udp : pair.tcp) = std::move(socket);
  }
  for (auto& [text, sockets] : by_sandbox) {
    const auto sandbox = base::SandboxId::parse(text);
    if (sandbox && state.sandbox(*sandbox) && sockets.udp && sockets.tcp) {
      serve(state, *sandbox, std::move(sockets));
    } else {
      complain("letting go of name sockets", keeper_.drop({kPrefix + text + kUdp, kPrefix + text + kTcp}));
    }
  }
}

void Names::refresh(const engine::State& state, const engine::NamesTouched& touched) {
  for (const auto& network : touched.networks) book_.erase(network);
  for (const auto& sandbox : touched.sandboxes) {
    if (!served_.contains(sandbox)) continue;
    if (state.sandbox(sandbox)) {
      server_->update(sandbox, view(state, sandbox));
    } else {
      forget(sandbox);
    }
  }
}

bool Names::is_missing(const engine::State& state, const base::SandboxId& sandbox) const {
  return !served_.contains(sandbox) && engine::has_names(state, sandbox);
}

base::Result<ports::ResolverSockets> Names::open(const base::SandboxId& sandbox, const std::string& netns) {
  auto sockets = resolvers_->open(netns);
  if (!sockets) return sockets;
  // Without it names work as well, until the daemon restarts.
  complain("keeping name sockets", keeper_.keep({{kPrefix + sandbox.text() + kUdp, sockets->udp.get()},
                                                 {kPrefix + sandbox.text() + kTcp, sockets->tcp.get()}}));
  return sockets;
}

void Names::serve(const engine::State& state, const base::SandboxId& sandbox, ports::ResolverSockets sockets) {
  if (!state.sandbox(sandbox)) return forget(sandbox);
  served_.insert(sandbox);
  server_->serve(sandbox, std::move(sockets), view(state, sandbox));
}

void Names::forget(const base::SandboxId& sandbox) {
  served_.erase(sandbox);
  server_->drop(sandbox);
  complain("letting go of name sockets",
           keeper_.drop({kPrefix + sandbox.text() + kUdp, kPrefix + sandbox.text() + kTcp}));
}

}  // namespace fairlead::daemon
