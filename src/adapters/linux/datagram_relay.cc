#include "adapters/linux/datagram_relay.h"

#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <cerrno>

#include "adapters/linux/socket_address.h"

namespace fairlead::linuxnet {
namespace {

constexpr std::size_t largest = 64 * 1024;
constexpr int rounds = 32;  // then others have their turn

}  // namespace

DatagramRelay::DatagramRelay(int epoll, HeldPorts& ports, std::chrono::milliseconds idle, std::size_t limit)
    : epoll_(epoll), ports_(ports), idle_(idle), limit_(limit), scratch_(largest) {}

void DatagramRelay::datagrams_arrive(PortRef port, Time now) {
  for (int round = 0; round < rounds; ++round) {
    Client client{.port = port};
    ports::PortTarget target;
    ssize_t size = -1;
    const bool held = ports_.with(port, [&](int socket, const ports::PortTarget& to) {
      size = receive_datagram(socket, scratch_, client.at);
      target = to;
    });
    if (!held || size < 0) return;
    Session* session = session_of(client, target);
    if (session == nullptr) continue;
    // What the container's host refuses (ICMP) is lost, as on a network.
    send(session->socket.get(), scratch_.data(), static_cast<std::size_t>(size), MSG_NOSIGNAL);
    touch(by_id_.at(session->id), now);
  }
}

/// None when no socket is to be had.
DatagramRelay::Session* DatagramRelay::session_of(const Client& client, const ports::PortTarget& target) {
  if (const auto known = by_client_.find(client); known != by_client_.end()) {
    if (known->second->target == target) return &*known->second;
    end(known->second);
  }
  if (sessions_.size() >= limit_) end(sessions_.begin());
  const auto id = ++last_id_;
  auto socket = connect_to(target, id);
  if (!socket && (errno == EMFILE || errno == ENFILE) && !sessions_.empty()) {
    end(sessions_.begin());
    socket = connect_to(target, id);
  }
  if (!socket) return nullptr;
  const auto place = sessions_.insert(sessions_.end(), {id, client, target, std::move(socket), {}});
  by_client_.emplace(client, place);
  by_id_.emplace(id, place);
  return &*place;
}

base::Fd DatagramRelay::connect_to(const ports::PortTarget& target, std::uint64_t id) {
  const SocketAddress address(target.address, target.port);
  base::Fd socket(::socket(address.family(), SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_UDP));
  if (!socket || connect(socket.get(), address.get(), address.size) != 0) return {};
  epoll_event event{.events = EPOLLIN, .data = {.u64 = EventToken{EventToken::session, id}.packed()}};
  if (epoll_ctl(epoll_, EPOLL_CTL_ADD, socket.get(), &event) != 0) return {};
  return socket;
}

void DatagramRelay::answers_arrive(std::uint64_t id, Time now) {
  const auto found = by_id_.find(id);
  if (found == by_id_.end()) return;
  const auto session = found->second;
  for (int round = 0; round < rounds; ++round) {
    const auto size = recv(session->socket.get(), scratch_.data(), scratch_.size(), 0);
    if (size < 0 && errno == EAGAIN) return;
    if (size < 0) continue;  // an ICMP error, which is told once
    const std::span<const std::uint8_t> bytes(scratch_.data(), static_cast<std::size_t>(size));
    ports_.with(session->client.port,
                [&](int socket, const ports::PortTarget&) { answer_datagram(socket, bytes, session->client.at); });
    touch(session, now);
  }
}

void DatagramRelay::touch(Place session, Time now) {
  session->last = now;
  sessions_.splice(sessions_.end(), sessions_, session);
}

void DatagramRelay::end(Place session) {
  by_client_.erase(session->client);
  by_id_.erase(session->id);
  sessions_.erase(session);
}

void DatagramRelay::end_released() {
  for (auto at = sessions_.begin(); at != sessions_.end();) {
    const auto session = at++;
    if (!ports_.is_held(session->client.port)) end(session);
  }
}

std::optional<DatagramRelay::Time> DatagramRelay::expire(Time now) {
  while (!sessions_.empty() && sessions_.front().last + idle_ <= now) end(sessions_.begin());
  if (sessions_.empty()) return std::nullopt;
  return sessions_.front().last + idle_;
}

}  // namespace fairlead::linuxnet
