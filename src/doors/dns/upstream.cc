#include "doors/dns/upstream.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/random.h>
#include <sys/socket.h>

#include <array>
#include <cstring>

namespace fairlead::dns {
namespace {

constexpr int kMostStrayAnswers = 64;  // answers to something else before the server is given up
constexpr std::uint16_t kPort = 53;

std::uint16_t random_id() {
  static thread_local std::array<std::uint16_t, 128> pool;
  static thread_local std::size_t left = 0;
  if (left == 0) {
    if (getrandom(pool.data(), sizeof pool, 0) != static_cast<ssize_t>(sizeof pool)) return 0;
    left = pool.size();
  }
  return pool[--left];
}

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

/// A socket connected to the server: only its answers come in, and a closed port is noticed. The kernel picks a random
/// port.
base::Fd connect_to(const engine::Upstream& server, int type) {
  sockaddr_storage address{};
  const auto size = address_of(server, address);
  base::Fd socket(::socket(address.ss_family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!socket) return socket;
  if (connect(socket.get(), reinterpret_cast<sockaddr*>(&address), size) != 0 && errno != EINPROGRESS) socket.reset();
  return socket;
}

class OneAttempt : public Attempt {
 public:
  OneAttempt(Poller& poller, AttemptOwner& owner, std::size_t attempt, const wire::DnsQuery& query, base::Fd socket)
      : poller_(poller), owner_(owner), attempt_(attempt), query_(query), socket_(std::move(socket)) {
    query_.id = random_id();
  }
  ~OneAttempt() override { poller_.unwatch(ticket_, socket_.get()); }

  bool start(std::uint32_t events) {
    ticket_ = poller_.watch(socket_.get(), events, *this);
    return ticket_ != 0;
  }

 protected:
  std::string with_id(std::string message) const {
    message[0] = static_cast<char>(query_.id >> 8);
    message[1] = static_cast<char>(query_.id);
    return message;
  }
  /// Tells the owner if it is the answer. True if it was told: this may be gone by then.
  bool take(std::string_view message) {
    auto answer = wire::parse_dns_answer({reinterpret_cast<const std::uint8_t*>(message.data()), message.size()});
    if (!answer || answer->id != query_.id || !wire::answers_question(*answer, query_)) return false;
    owner_.answered(attempt_, std::string(message), std::move(*answer));
    return true;
  }
  void give_up() { owner_.failed(attempt_); }

  Poller& poller_;
  AttemptOwner& owner_;
  std::size_t attempt_;
  wire::DnsQuery query_;
  base::Fd socket_;
  Poller::Ticket ticket_ = 0;
};

class UdpAttempt final : public OneAttempt {
 public:
  using OneAttempt::OneAttempt;
  bool send(std::string message) {
    message = with_id(std::move(message));
    return ::send(socket_.get(), message.data(), message.size(), MSG_NOSIGNAL) ==
               static_cast<ssize_t>(message.size()) &&
           start(EPOLLIN);
  }
  void ready(std::uint32_t) override {
    static thread_local std::array<char, wire::kDnsLargest> inbox;
    for (;;) {
      const auto size = recv(socket_.get(), inbox.data(), inbox.size(), 0);
      if (size < 0 && (errno == EAGAIN || errno == EINTR)) return;
      if (size < 0) return give_up();
      if (take({inbox.data(), static_cast<std::size_t>(size)})) return;
      if (++strays_ >= kMostStrayAnswers) return give_up();
    }
  }

 private:
  int strays_ = 0;
};

/// RFC 1035 §4.2.2: each message has its length in front.
class TcpAttempt final : public OneAttempt {
 public:
  using OneAttempt::OneAttempt;
  bool send(std::string message) {
    message = with_id(std::move(message));
    out_ = {static_cast<char>(message.size() >> 8), static_cast<char>(message.size())};
    out_ += message;
    return start(EPOLLOUT);
  }
  void ready(std::uint32_t) override {
    if (!out_.empty()) return push();
    std::array<char, 16384> part;
    const auto size = recv(socket_.get(), part.data(), part.size(), 0);
    if (size < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (size <= 0) return give_up();
    in_.append(part.data(), static_cast<std::size_t>(size));
    if (in_.size() < 2) return;
    const auto length =
        static_cast<std::size_t>(static_cast<unsigned char>(in_[0]) << 8 | static_cast<unsigned char>(in_[1]));
    if (in_.size() < length + 2) return;
    if (!take(std::string_view(in_).substr(2, length))) give_up();
  }

 private:
  void push() {
    const auto size = ::send(socket_.get(), out_.data(), out_.size(), MSG_NOSIGNAL);
    if (size < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (size < 0) return give_up();
    out_.erase(0, static_cast<std::size_t>(size));
    if (out_.empty()) poller_.change(ticket_, socket_.get(), EPOLLIN);
  }

  std::string out_, in_;
};

template <class Kind>
std::unique_ptr<Attempt> ask(Poller& poller, AttemptOwner& owner, std::size_t attempt, const engine::Upstream& server,
                             const wire::DnsQuery& query, std::string message, int type) {
  auto socket = connect_to(server, type);
  if (!socket) return nullptr;
  auto made = std::make_unique<Kind>(poller, owner, attempt, query, std::move(socket));
  if (!made->send(std::move(message))) return nullptr;
  return made;
}

}  // namespace

std::unique_ptr<Attempt> Attempt::over_udp(Poller& poller, AttemptOwner& owner, std::size_t attempt,
                                           const engine::Upstream& server, const wire::DnsQuery& query,
                                           std::string message) {
  return ask<UdpAttempt>(poller, owner, attempt, server, query, std::move(message), SOCK_DGRAM);
}

std::unique_ptr<Attempt> Attempt::over_tcp(Poller& poller, AttemptOwner& owner, std::size_t attempt,
                                           const engine::Upstream& server, const wire::DnsQuery& query,
                                           std::string message) {
  return ask<TcpAttempt>(poller, owner, attempt, server, query, std::move(message), SOCK_STREAM);
}

}  // namespace fairlead::dns
