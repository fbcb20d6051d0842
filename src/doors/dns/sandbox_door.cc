#include "doors/dns/sandbox_door.h"

#include <sys/socket.h>

#include <algorithm>
#include <array>

#include "doors/dns/answer.h"

namespace fairlead::dns {
namespace {

constexpr std::size_t kBatch = 32, kQuestion = 2048, kAnswer = 4096;
constexpr int kAcceptedAtOnce = 16;

/// Room for one round of datagrams; one serving thread, one round at a time.
class Batch {
 public:
  Batch() {
    for (std::size_t i = 0; i < kBatch; ++i) {
      in_parts_[i] = {questions_[i].data(), kQuestion};
      in_[i].msg_hdr = {
          .msg_name = &from_[i], .msg_namelen = sizeof from_[i], .msg_iov = &in_parts_[i], .msg_iovlen = 1};
      out_[i].msg_hdr = {.msg_iov = &out_parts_[i], .msg_iovlen = 1};
    }
  }
  int receive(int socket) { return recvmmsg(socket, in_.data(), kBatch, 0, nullptr); }
  bool is_cut(std::size_t i) const { return (in_[i].msg_hdr.msg_flags & MSG_TRUNC) != 0; }
  wire::DnsBytes question(std::size_t i) const { return {questions_[i].data(), in_[i].msg_len}; }
  const sockaddr_in& from(std::size_t i) const { return from_[i]; }
  std::span<std::uint8_t> room(std::size_t i) { return answers_[i]; }
  void add_answer(std::size_t i, std::size_t size) {
    out_parts_[ready_] = {answers_[i].data(), size};
    auto& header = out_[ready_++].msg_hdr;
    header.msg_name = &from_[i];
    header.msg_namelen = sizeof from_[i];
  }
  void send(int socket) {
    for (std::size_t sent = 0; sent < ready_;) {
      const int count = sendmmsg(socket, out_.data() + sent, static_cast<unsigned>(ready_ - sent), 0);
      // What stops is the first one: it is passed over, the others go.
      sent += count > 0 ? static_cast<std::size_t>(count) : 1;
    }
    ready_ = 0;
  }

 private:
  std::array<std::array<std::uint8_t, kQuestion>, kBatch> questions_;
  std::array<std::array<std::uint8_t, kAnswer>, kBatch> answers_;
  std::array<sockaddr_in, kBatch> from_{};
  std::array<iovec, kBatch> in_parts_{}, out_parts_{};
  std::array<mmsghdr, kBatch> in_{}, out_{};
  std::size_t ready_ = 0;
};

Batch& batch() {
  static thread_local const auto one = std::make_unique<Batch>();
  return *one;
}

std::size_t put_refusal(wire::DnsBytes message, std::uint16_t rcode, std::span<std::uint8_t> out) {
  const auto text = wire::encode_dns_refusal(message, rcode);
  std::ranges::copy(text, out.begin());
  return text.size();
}

}  // namespace

SandboxDoor::SandboxDoor(Shop& shop, std::uint64_t number, ports::ResolverSockets sockets, View view,
                         std::shared_ptr<Counters> counters)
    : shop_(shop),
      number_(number),
      sockets_(std::move(sockets)),
      view_(std::move(view)),
      counters_(std::move(counters)) {
  udp_ticket_ = shop_.poller.watch(sockets_.udp.get(), EPOLLIN, datagrams_);
  tcp_ticket_ = shop_.poller.watch(sockets_.tcp.get(), EPOLLIN, listener_);
}

SandboxDoor::~SandboxDoor() {
  shut();
  shop_.connections -= clients_.size();
}

void SandboxDoor::shut() {
  shop_.poller.unwatch(udp_ticket_, sockets_.udp.get());
  shop_.poller.unwatch(tcp_ticket_, sockets_.tcp.get());
}

void SandboxDoor::serve_datagrams() {
  auto& round = batch();
  const int count = round.receive(sockets_.udp.get());
  if (count <= 0) return;
  shop_.take_orders();
  if (udp_ticket_ == 0) return;  // one of them was to drop this very sandbox
  for (std::size_t i = 0; i < static_cast<std::size_t>(count); ++i) {
    ++counters_->udp;
    std::optional<std::size_t> size;
    if (round.is_cut(i)) {
      ++counters_->malformed;
      size = put_refusal(round.question(i), wire::dns_rcode::format_error, round.room(i));
    } else {
      size = answer(round.question(i), {.sandbox = number_, .connection = 0, .from = round.from(i)}, round.room(i));
    }
    if (size && *size > 0) round.add_answer(i, *size);
  }
  round.send(sockets_.udp.get());
}

std::optional<std::size_t> SandboxDoor::respond(wire::DnsBytes message, std::uint64_t connection,
                                                std::span<std::uint8_t> out) {
  shop_.take_orders();
  ++counters_->tcp;
  return answer(message, {.sandbox = number_, .connection = connection, .from = {}}, out);
}

/// The size of an answer now, 0 for one that comes later, nothing for none.
std::optional<std::size_t> SandboxDoor::answer(wire::DnsBytes message, const Asker& asker,
                                               std::span<std::uint8_t> out) {
  const auto query = wire::parse_dns_query(message);
  if (!query) {
    ++counters_->malformed;
    if (query.error().kind == base::ErrorKind::unavailable) return std::nullopt;
    const bool unknown = query.error().kind == base::ErrorKind::not_implemented;
    return put_refusal(message, unknown ? wire::dns_rcode::not_implemented : wire::dns_rcode::format_error, out);
  }
  if (asker.connection == 0 && query->udp_size < out.size()) out = out.first(query->udp_size);
  const auto local = answer_locally(*query, *view_, turn_++, shop_.limits.local_ttl, out);
  if (local.verdict == Verdict::outside) return answer_outside(*query, asker, out);
  ++counters_->local;
  if (local.verdict == Verdict::absent) ++counters_->absent;
  return local.size;
}

std::size_t SandboxDoor::answer_outside(const wire::DnsQuery& query, const Asker& asker, std::span<std::uint8_t> out) {
  ++counters_->outside;
  Forwarder::Start start;
  if (asked_ < shop_.limits.asked_per_sandbox) {
    ++asked_;  // ahead, because a failure may come back before the call does
    start = shop_.forwarder->ask(asker, query, *view_, out);
    if (start.course == Forwarder::Course::cached || start.course == Forwarder::Course::overload) --asked_;
  }
  if (start.course == Forwarder::Course::overload) {
    ++counters_->overload;
    return empty_answer(query, wire::dns_rcode::server_failure, out);
  }
  if (start.course == Forwarder::Course::cached) ++counters_->cached;
  if (start.course == Forwarder::Course::joined) ++counters_->joined;
  return start.size;
}

void SandboxDoor::deliver(const Asker& asker, wire::DnsBytes answer, bool failure) {
  --asked_;
  if (failure) ++counters_->failed;
  if (asker.connection == 0) {
    sendto(sockets_.udp.get(), answer.data(), answer.size(), MSG_NOSIGNAL,
           reinterpret_cast<const sockaddr*>(&asker.from), sizeof asker.from);
  } else if (const auto client = clients_.find(asker.connection); client != clients_.end()) {
    client->second->send(answer);
  }
}

void SandboxDoor::accept_clients() {
  for (int i = 0; i < kAcceptedAtOnce; ++i) {
    base::Fd socket(accept4(sockets_.tcp.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (!socket) return;
    const bool full =
        clients_.size() >= shop_.limits.connections_per_sandbox || shop_.connections >= shop_.limits.connections;
    if (full && !clients_.empty()) {
      // Who has asked nothing for longest makes room.
      const auto oldest =
          std::ranges::min_element(clients_, {}, [](const auto& entry) { return entry.second->last_question(); });
      ended(oldest->first, true);
    } else if (full) {
      ++counters_->closed_connections;
      continue;
    }
    auto client = std::make_unique<TcpClient>(shop_.poller, shop_.limits, *this, ++last_client_, std::move(socket));
    if (!client->start()) continue;
    clients_.emplace(last_client_, std::move(client));
    ++shop_.connections;
  }
}

void SandboxDoor::ended(std::uint64_t connection, bool by_us) {
  if (by_us) ++counters_->closed_connections;
  shop_.connections -= clients_.erase(connection);
}

}  // namespace fairlead::dns
