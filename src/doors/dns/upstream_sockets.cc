#include "doors/dns/upstream_sockets.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/random.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cstring>

namespace fairlead::dns {
namespace {

constexpr std::uint16_t kPort = 53;
constexpr int kMostUses = 16;
constexpr std::chrono::seconds kOldest{5};
constexpr std::size_t kChoice = 4, kMostFree = 64;  // free ones of a server before any is used again; of all servers

socklen_t address_of(const engine::Upstream& server, sockaddr_storage& out) {
  const auto bytes = server.address.bytes();
  if (server.address.is_v4()) {
    auto& v4 = reinterpret_cast<sockaddr_in&>(out);
    v4.sin_family = AF_INET;
    v4.sin_port = htons(kPort);
    std::memcpy(&v4.sin_addr, bytes.data(), bytes.size());
    return sizeof v4;
  }
  auto& v6 = reinterpret_cast<sockaddr_in6&>(out);
  v6.sin6_family = AF_INET6;
  v6.sin6_port = htons(kPort);
  std::memcpy(&v6.sin6_addr, bytes.data(), bytes.size());
  if (!server.zone.empty()) v6.sin6_scope_id = if_nametoindex(server.zone.c_str());
  return sizeof v6;
}

}  // namespace

std::uint16_t random_id() {
  static thread_local std::array<std::uint16_t, 128> pool;
  static thread_local std::size_t left = 0;
  if (left == 0) {
    if (getrandom(pool.data(), sizeof pool, 0) != static_cast<ssize_t>(sizeof pool)) return 0;
    left = pool.size();
  }
  return pool[--left];
}

base::Fd connect_to(const engine::Upstream& server, int type) {
  sockaddr_storage address{};
  const auto size = address_of(server, address);
  base::Fd socket(::socket(address.ss_family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!socket) return socket;
  if (connect(socket.get(), reinterpret_cast<sockaddr*>(&address), size) != 0 && errno != EINPROGRESS) socket.reset();
  return socket;
}

UpstreamSockets::Socket::Socket(Poller& poller, engine::Upstream server, base::Fd fd)
    : poller_(poller), server_(std::move(server)), fd_(std::move(fd)), opened_(poller.now()) {
  ticket_ = poller_.watch(fd_.get(), EPOLLIN, *this);
}

UpstreamSockets::Socket::~Socket() {
  poller_.unwatch(ticket_, fd_.get());
}

void UpstreamSockets::Socket::ready(std::uint32_t events) {
  if (user_ != nullptr) return user_->ready(events);
  // Something came that nobody waits for: this one is not used again, nor listened to.
  failed_ = true;
  poller_.unwatch(ticket_, fd_.get());
}

bool UpstreamSockets::Socket::is_spent(Time now) const {
  return failed_ || uses_ >= kMostUses || now - opened_ >= kOldest;
}

std::unique_ptr<UpstreamSockets::Socket> UpstreamSockets::take(const engine::Upstream& server, Watch& user) {
  std::erase_if(free_, [&](const auto& socket) { return socket->is_spent(poller_.now()); });
  std::vector<std::size_t> fitting;
  for (std::size_t i = 0; i < free_.size(); ++i) {
    if (free_[i]->server_ == server) fitting.push_back(i);
  }
  std::unique_ptr<Socket> socket;
  if (fitting.size() >= kChoice) {
    const auto at = fitting[random_id() % fitting.size()];
    socket = std::move(free_[at]);
    free_[at] = std::move(free_.back());
    free_.pop_back();
  } else if (auto fd = connect_to(server, SOCK_DGRAM)) {
    socket = std::make_unique<Socket>(poller_, server, std::move(fd));
    if (socket->ticket_ == 0) return nullptr;
  }
  if (!socket) return nullptr;
  ++socket->uses_;
  socket->user_ = &user;
  return socket;
}

void UpstreamSockets::give_back(std::unique_ptr<Socket> socket, bool sound) {
  socket->user_ = nullptr;
  if (!sound || free_.size() >= kMostFree || socket->is_spent(poller_.now())) return;
  free_.push_back(std::move(socket));
  if (timer_ == 0) timer_ = poller_.at(poller_.now() + kOldest, [this] { clear_out(); });
}

void UpstreamSockets::clear_out() {
  timer_ = 0;
  std::erase_if(free_, [&](const auto& socket) { return socket->is_spent(poller_.now()); });
  if (!free_.empty()) timer_ = poller_.at(poller_.now() + kOldest, [this] { clear_out(); });
}

}  // namespace fairlead::dns
