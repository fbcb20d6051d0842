#include "adapters/linux/stream_relay.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

#include "adapters/linux/socket_address.h"

namespace fairlead::linuxnet {
namespace {

constexpr std::size_t chunk = 64 * 1024;
constexpr int rounds = 4;  // then others have their turn
constexpr std::size_t arrivals = 16;

void enable(const base::Fd& socket, int level, int option) {
  const int on = 1;
  setsockopt(socket.get(), level, option, &on, sizeof on);
}

/// The next close is an abort, which the peer learns as such.
void abort_on_close(const base::Fd& socket) {
  const linger now{.l_onoff = 1, .l_linger = 0};
  setsockopt(socket.get(), SOL_SOCKET, SO_LINGER, &now, sizeof now);
}

/// Bytes taken, 0 when none can be now; -1 when the peer is gone.
ssize_t send_some(const base::Fd& to, std::span<const std::uint8_t> bytes) {
  const auto sent = send(to.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
  if (sent < 0 && (errno == EAGAIN || errno == EINTR)) return 0;
  return sent;
}

}  // namespace

StreamRelay::StreamRelay(int epoll, HeldPorts& ports, std::size_t limit)
    : epoll_(epoll), ports_(ports), limit_(limit), scratch_(chunk) {}

StreamRelay::~StreamRelay() {
  for (auto& [id, stream] : streams_) {
    for (const auto& side : stream->sides) abort_on_close(side.socket);
  }
}

bool StreamRelay::has_place(PortRef port) const {
  const auto of_port = of_slot_.find(port.slot);
  return streams_.size() < limit_ &&
         (of_port == of_slot_.end() || of_port->second < std::max<std::size_t>(1, limit_ / 4));
}

void StreamRelay::pause(PortRef port) {
  ports_.watch(EventToken::of(EventToken::streams_port, port), false);
  paused_.push_back(port);
}

void StreamRelay::resume() {
  for (const auto port : std::exchange(paused_, {})) ports_.watch(EventToken::of(EventToken::streams_port, port), true);
}

void StreamRelay::client_arrives(PortRef port) {
  for (std::size_t i = 0; i < arrivals; ++i) {
    if (!has_place(port)) return pause(port);
    base::Fd client;
    ports::PortTarget target;
    int error = 0;
    const bool held = ports_.with(port, [&](int listener, const ports::PortTarget& to) {
      client.reset(accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
      error = errno;
      target = to;
    });
    if (!held) return;
    if (client) {
      error = open(port, std::move(client), target) ? 0 : errno;
    }
    const bool exhausted = error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM;
    if (exhausted) return pause(port);
    if (error == EAGAIN) return;
  }
}

/// False, with errno set, when there is no second socket to be had; the client is then sent away.
bool StreamRelay::open(PortRef port, base::Fd client, const ports::PortTarget& target) {
  const SocketAddress address(target.address, target.port);
  base::Fd container(socket(address.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP));
  abort_on_close(client);
  if (!container) {
    const int error = errno;
    client.reset();
    errno = error;
    return false;
  }
  abort_on_close(container);
  for (const auto* each : {&client, &container}) {
    enable(*each, IPPROTO_TCP, TCP_NODELAY);  // what came together goes on together
    enable(*each, SOL_SOCKET, SO_KEEPALIVE);  // a peer that vanished does not hold its place for ever
  }
  if (connect(container.get(), address.get(), address.size) != 0 && errno != EINPROGRESS) return true;
  auto stream = std::make_unique<Stream>();
  stream->port = port;
  stream->sides[0].socket = std::move(client);
  stream->sides[1].socket = std::move(container);
  const auto id = ++last_id_;
  ++of_slot_[port.slot];
  rearm(id, *streams_.emplace(id, std::move(stream)).first->second);
  return true;
}

void StreamRelay::stream_moves(std::uint64_t id, std::uint32_t events) {
  const auto found = streams_.find(id / 2);
  if (found == streams_.end()) return;
  auto& stream = *found->second;
  const bool lives = advance(stream, id % 2, events);
  const bool over = stream.sides[0].told_end && stream.sides[1].told_end;
  if (lives && !over) {
    rearm(id / 2, stream);
  } else {
    end(id / 2);
  }
  if (std::exchange(place_freed_, false)) resume();
}

/// False when the stream is broken.
bool StreamRelay::advance(Stream& stream, std::size_t side, std::uint32_t events) {
  auto& here = stream.sides[side];
  auto& there = stream.sides[1 - side];
  if ((events & EPOLLERR) != 0) return false;
  if (stream.connecting) {
    if (side == 0) return false;  // it was asked for nothing, so that it can only have hung up
    return connected(stream);
  }
  if (!here.pending.empty() && !flush(here, there)) return false;
  return pump(here, there);
}

bool StreamRelay::connected(Stream& stream) {
  int error = 0;
  socklen_t size = sizeof error;
  getsockopt(stream.sides[1].socket.get(), SOL_SOCKET, SO_ERROR, &error, &size);
  if (error != 0) return false;
  stream.connecting = false;
  return true;
}

bool StreamRelay::flush(Side& to, const Side& from) {
  const auto sent = send_some(to.socket, to.pending);
  if (sent < 0) return false;
  to.pending.erase(to.pending.begin(), to.pending.begin() + sent);
  if (!to.pending.empty()) return true;
  to.pending.shrink_to_fit();
  if (from.ended) {
    shutdown(to.socket.get(), SHUT_WR);
    to.told_end = true;
  }
  return true;
}

bool StreamRelay::pump(Side& from, Side& to) {
  for (int round = 0; round < rounds && to.pending.empty() && !from.ended; ++round) {
    const auto size = recv(from.socket.get(), scratch_.data(), scratch_.size(), 0);
    if (size < 0) return errno == EAGAIN || errno == EINTR;
    if (size == 0) {
      from.ended = to.told_end = true;
      shutdown(to.socket.get(), SHUT_WR);
      break;
    }
    const std::span<const std::uint8_t> bytes(scratch_.data(), static_cast<std::size_t>(size));
    const auto sent = send_some(to.socket, bytes);
    if (sent < 0) return false;
    to.pending.assign(bytes.begin() + sent, bytes.end());
  }
  return true;
}

void StreamRelay::rearm(std::uint64_t id, Stream& stream) {
  for (std::size_t i = 0; i < 2; ++i) {
    auto& side = stream.sides[i];
    const auto& other = stream.sides[1 - i];
    std::uint32_t interest = 0;
    if (stream.connecting) {
      if (i == 1) interest = EPOLLOUT;
    } else {
      if (!side.ended && other.pending.empty()) interest |= EPOLLIN;
      if (!side.pending.empty()) interest |= EPOLLOUT;
    }
    // Of a side that is through both ways epoll would tell without end that it hung up.
    const bool through = side.ended && side.told_end;
    if (side.watched && !through && interest == side.interest) continue;
    epoll_event event{.events = interest, .data = {.u64 = EventToken{EventToken::stream, id * 2 + i}.packed()}};
    const int step = through ? EPOLL_CTL_DEL : side.watched ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;
    if (side.watched || !through) epoll_ctl(epoll_, step, side.socket.get(), &event);
    side.watched = !through;
    side.interest = interest;
  }
}

/// Whoever was not told an orderly end learns of an abort.
void StreamRelay::end(std::uint64_t id) {
  const auto found = streams_.find(id);
  const auto& stream = *found->second;
  if (stream.sides[0].told_end && stream.sides[1].told_end) {
    const linger orderly{};
    for (const auto& side : stream.sides)
      setsockopt(side.socket.get(), SOL_SOCKET, SO_LINGER, &orderly, sizeof orderly);
  }
  const auto of_port = of_slot_.find(stream.port.slot);
  if (--of_port->second == 0) of_slot_.erase(of_port);
  streams_.erase(found);
  place_freed_ = true;
}

void StreamRelay::end_released() {
  std::vector<std::uint64_t> orphans;
  for (const auto& [id, stream] : streams_) {
    if (!ports_.is_held(stream->port)) orphans.push_back(id);
  }
  for (const auto id : orphans) end(id);
}

}  // namespace fairlead::linuxnet
