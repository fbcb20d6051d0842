#include "daemon/names.h"

#include <fstream>
#include <sstream>

#include "base/log.h"

namespace fairlead::daemon {
namespace {

using base::LogLevel;

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
                                                  std::string holder_socket, std::string program) {
  auto server = dns::NameServer::start();
  if (!server) return std::unexpected(server.error());
  return std::unique_ptr<Names>(
      new Names(std::move(resolvers), std::move(*server), Holder(std::move(holder_socket), std::move(program))));
}

std::shared_ptr<const engine::NameView> Names::view(const engine::State& state, const base::SandboxId& sandbox) {
  return std::make_shared<const engine::NameView>(engine::name_view(state, sandbox, host_servers(), book_));
}

void Names::take_over(const engine::State& state) {
  auto kept = [&] {
    const std::scoped_lock lock(holder_mutex_);
    return holder_.take_all();
  }();
  if (!kept) return complain("taking name sockets back", std::unexpected(kept.error()));
  for (auto& [key, sockets] : *kept) {
    const auto sandbox = base::SandboxId::parse(key);
    if (sandbox && state.sandbox(*sandbox)) {
      serve(state, *sandbox, std::move(sockets));
    } else {
      const std::scoped_lock lock(holder_mutex_);
      complain("letting go of name sockets", holder_.drop(key));
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
  const std::scoped_lock lock(holder_mutex_);
  // Without it names work as well, until the daemon restarts.
  complain("keeping name sockets", holder_.store(sandbox.text(), *sockets));
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
  const std::scoped_lock lock(holder_mutex_);
  complain("letting go of name sockets", holder_.drop(sandbox.text()));
}

}  // namespace fairlead::daemon
