#include "doors/dns/upstream.h"

#include <sys/socket.h>

#include <array>

namespace fairlead::dns {
namespace {

constexpr int kMostStrayAnswers = 64;  // answers to something else before the server is given up

class OneAttempt : public Attempt {
 public:
  OneAttempt(AttemptOwner& owner, std::size_t attempt, const wire::DnsQuery& query)
      : owner_(owner), attempt_(attempt), query_(query) {
    query_.id = random_id();
  }

 protected:
  std::string with_id(std::string message) const {
    message[0] = static_cast<char>(query_.id >> 8);
    message[1] = static_cast<char>(query_.id);
    return message;
  }
  /// The answer, if it is one to this question.
  std::optional<wire::DnsAnswer> match(std::string_view message) const {
    auto answer = wire::parse_dns_answer({reinterpret_cast<const std::uint8_t*>(message.data()), message.size()});
    if (!answer || answer->id != query_.id || !wire::answers_question(*answer, query_)) return std::nullopt;
    return std::move(*answer);
  }
  /// Either may destroy this.
  void tell(std::string_view message, wire::DnsAnswer answer) {
    owner_.answered(attempt_, std::string(message), std::move(answer));
  }
  void give_up() { owner_.failed(attempt_); }

 private:
  AttemptOwner& owner_;
  std::size_t attempt_;
  wire::DnsQuery query_;
};

class UdpAttempt final : public OneAttempt {
 public:
  UdpAttempt(UpstreamSockets& sockets, AttemptOwner& owner, std::size_t attempt, const wire::DnsQuery& query)
      : OneAttempt(owner, attempt, query), sockets_(sockets) {}
  ~UdpAttempt() override {
    if (socket_) sockets_.give_back(std::move(socket_), false);
  }

  bool send(const engine::Upstream& server, std::string message) {
    socket_ = sockets_.take(server, *this);
    message = with_id(std::move(message));
    return socket_ &&
           ::send(socket_->fd(), message.data(), message.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(message.size());
  }
  void ready(std::uint32_t) override {
    static thread_local std::array<char, wire::kDnsLargest> inbox;
    for (;;) {
      const auto size = recv(socket_->fd(), inbox.data(), inbox.size(), 0);
      if (size < 0 && (errno == EAGAIN || errno == EINTR)) return;
      if (size < 0) return give_up();
      const std::string_view message(inbox.data(), static_cast<std::size_t>(size));
      if (auto answer = match(message)) {
        sockets_.give_back(std::move(socket_), true);
        return tell(message, std::move(*answer));
      }
      if (++strays_ >= kMostStrayAnswers) return give_up();
    }
  }

 private:
  UpstreamSockets& sockets_;
  std::unique_ptr<UpstreamSockets::Socket> socket_;
  int strays_ = 0;
};

/// RFC 1035 §4.2.2: each message has its length in front.
class TcpAttempt final : public OneAttempt {
 public:
  TcpAttempt(Poller& poller, AttemptOwner& owner, std::size_t attempt, const wire::DnsQuery& query)
      : OneAttempt(owner, attempt, query), poller_(poller) {}
  ~TcpAttempt() override { poller_.unwatch(ticket_, socket_.get()); }

  bool send(const engine::Upstream& server, std::string message) {
    socket_ = connect_to(server, SOCK_STREAM);
    if (!socket_) return false;
    message = with_id(std::move(message));
    out_ = {static_cast<char>(message.size() >> 8), static_cast<char>(message.size())};
    out_ += message;
    ticket_ = poller_.watch(socket_.get(), EPOLLOUT, *this);
    return ticket_ != 0;
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
    const auto message = std::string_view(in_).substr(2, length);
    auto answer = match(message);
    if (!answer) return give_up();
    tell(message, std::move(*answer));
  }

 private:
  void push() {
    const auto size = ::send(socket_.get(), out_.data(), out_.size(), MSG_NOSIGNAL);
    if (size < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (size < 0) return give_up();
    out_.erase(0, static_cast<std::size_t>(size));
    if (out_.empty()) poller_.change(ticket_, socket_.get(), EPOLLIN);
  }

  Poller& poller_;
  base::Fd socket_;
  Poller::Ticket ticket_ = 0;
  std::string out_, in_;
};

}  // namespace

std::unique_ptr<Attempt> Attempt::over_udp(UpstreamSockets& sockets, AttemptOwner& owner, std::size_t attempt,
                                           const engine::Upstream& server, const wire::DnsQuery& query,
                                           std::string message) {
  auto made = std::make_unique<UdpAttempt>(sockets, owner, attempt, query);
  if (!made->send(server, std::move(message))) return nullptr;
  return made;
}

std::unique_ptr<Attempt> Attempt::over_tcp(Poller& poller, AttemptOwner& owner, std::size_t attempt,
                                           const engine::Upstream& server, const wire::DnsQuery& query,
                                           std::string message) {
  auto made = std::make_unique<TcpAttempt>(poller, owner, attempt, query);
  if (!made->send(server, std::move(message))) return nullptr;
  return made;
}

}  // namespace fairlead::dns
