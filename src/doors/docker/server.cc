#include "doors/docker/server.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <csignal>
#include <list>

#include "base/log.h"
#include "doors/docker/http_reply.h"

namespace fairlead::docker {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

/// A write to a pipe whose reader left must give an error, not end the daemon. A handler instead of SIG_IGN, because
/// ignored signals stay ignored in the programs that we start.
void survive_broken_pipes() {
  struct sigaction now{};
  sigaction(SIGPIPE, nullptr, &now);
  if (now.sa_handler != SIG_DFL) return;
  struct sigaction act{};
  act.sa_handler = [](int) {};
  act.sa_flags = SA_RESTART;
  sigaction(SIGPIPE, &act, nullptr);
}

}  // namespace

struct Server::State {
  using Acceptor = asio::local::stream_protocol::acceptor;

  State(asio::io_context& context, ServerOptions options)
      : io(context),
        sweep(options.sweep),
        sweeper(context),
        shared(std::make_shared<Shared>(Router(std::move(options.routes)), options.limits,
                                        standing_headers(options.version), std::set<Live*>())) {}

  asio::io_context& io;
  std::chrono::milliseconds sweep;
  asio::steady_timer sweeper;
  std::shared_ptr<Shared> shared;
  std::list<Acceptor> acceptors;
  bool stopped = false;
};

namespace {

template <class State, class Acceptor>
Task<void> accept_all(std::shared_ptr<State> state, Acceptor& acceptor) {
  while (!state->stopped) {
    error_code error;
    auto socket = co_await acceptor.async_accept(asio::redirect_error(asio::use_awaitable, error));
    if (state->stopped) co_return;
    if (!error) {
      socket.non_blocking(true, error);
      asio::co_spawn(state->io, serve(std::move(socket), state->shared), asio::detached);
      continue;
    }
    // Out of descriptors, mostly: those who are connected go on, new ones wait.
    base::log(base::LogLevel::warn, "cannot accept a connection: {}", error.message());
    asio::steady_timer pause(state->io, std::chrono::milliseconds(100));
    co_await pause.async_wait(asio::redirect_error(asio::use_awaitable, error));
  }
}

template <class State>
Task<void> sweep_late(std::shared_ptr<State> state) {
  while (!state->stopped) {
    error_code ignored;
    state->sweeper.expires_after(state->sweep);
    co_await state->sweeper.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    const auto now = std::chrono::steady_clock::now();
    for (auto* connection : state->shared->live) connection->close_if_late(now);
  }
}

}  // namespace

Server::Server(asio::io_context& io, ServerOptions options) : state_(std::make_shared<State>(io, std::move(options))) {
  survive_broken_pipes();
  asio::co_spawn(io, sweep_late(state_), asio::detached);
}

Server::~Server() {
  stop();
}

base::Result<void> Server::listen(base::Fd socket) {
  error_code error;
  State::Acceptor acceptor(state_->io);
  acceptor.assign(asio::local::stream_protocol(), socket.get(), error);
  if (error) return base::fail(base::ErrorKind::internal, "cannot serve the socket: " + error.message());
  socket.release();
  state_->acceptors.push_back(std::move(acceptor));
  asio::co_spawn(state_->io, accept_all(state_, state_->acceptors.back()), asio::detached);
  return {};
}

void Server::stop() {
  if (state_->stopped) return;
  state_->stopped = true;
  state_->sweeper.cancel();
  error_code ignored;
  for (auto& acceptor : state_->acceptors) acceptor.close(ignored);
  for (auto* connection : state_->shared->live) connection->close();
}

}  // namespace fairlead::docker
