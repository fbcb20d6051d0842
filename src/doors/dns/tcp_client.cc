#include "doors/dns/tcp_client.h"

#include <sys/socket.h>

#include <array>

namespace fairlead::dns {
namespace {

constexpr std::size_t kPart = 4096;  // read at a time, so that a fast client leaves room for the others

}  // namespace

TcpClient::TcpClient(Poller& poller, const Limits& limits, TcpHost& host, std::uint64_t number, base::Fd socket)
    : poller_(poller),
      limits_(limits),
      host_(host),
      number_(number),
      socket_(std::move(socket)),
      last_question_(poller.now()) {}

TcpClient::~TcpClient() {
  poller_.cancel(timer_);
  poller_.unwatch(ticket_, socket_.get());
}

bool TcpClient::start() {
  ticket_ = poller_.watch(socket_.get(), events_, *this);
  if (ticket_ != 0) watch_idleness();
  return ticket_ != 0;
}

/// Counted from the last whole question: bytes that trickle in keep nothing open.
void TcpClient::watch_idleness() {
  timer_ = poller_.at(last_question_ + limits_.idle_connection, [this] {
    timer_ = 0;
    if (last_question_ + limits_.idle_connection > poller_.now()) return watch_idleness();
    host_.ended(number_, true);
  });
}

void TcpClient::ready(std::uint32_t events) {
  if ((events & (EPOLLERR | EPOLLHUP)) != 0) return host_.ended(number_, false);
  if (!flush()) return host_.ended(number_, false);
  if (!is_busy() && !no_more_questions_ && !read_more()) return host_.ended(number_, false);
  do {
    if (!serve_questions()) return host_.ended(number_, true);
    if (!flush()) return host_.ended(number_, false);
  } while (!is_busy() && has_question());
  // It may have closed its half and still wait for answers.
  if (no_more_questions_ && waiting_ == 0 && out_.empty()) return host_.ended(number_, false);
  choose_events();
}

bool TcpClient::read_more() {
  std::array<char, kPart> part;
  const auto size = recv(socket_.get(), part.data(), part.size(), 0);
  if (size < 0) return errno == EAGAIN || errno == EINTR;
  if (size == 0) no_more_questions_ = true;
  in_.append(part.data(), static_cast<std::size_t>(size));
  return true;
}

bool TcpClient::has_question() const {
  if (in_.size() < 2) return false;
  return in_.size() - 2 >=
         static_cast<std::size_t>(static_cast<unsigned char>(in_[0]) << 8 | static_cast<unsigned char>(in_[1]));
}

/// False for what is no question: who sends that is not listened to further.
bool TcpClient::serve_questions() {
  static thread_local std::array<std::uint8_t, wire::kDnsLargest> out;
  std::size_t at = 0;
  while (in_.size() - at >= 2 && !is_busy()) {
    const auto* bytes = reinterpret_cast<const std::uint8_t*>(in_.data()) + at;
    const auto length = static_cast<std::size_t>(bytes[0] << 8 | bytes[1]);
    if (length < wire::kDnsHeader || length > limits_.question) return false;
    if (in_.size() - at - 2 < length) break;
    last_question_ = poller_.now();
    ++waiting_;
    const auto size = host_.respond({bytes + 2, length}, number_, out);
    if (!size) return false;
    if (*size > 0) {
      --waiting_;
      append({out.data(), *size});
    }
    at += 2 + length;
  }
  in_.erase(0, at);
  return true;
}

void TcpClient::append(wire::DnsBytes answer) {
  out_.push_back(static_cast<char>(answer.size() >> 8));
  out_.push_back(static_cast<char>(answer.size()));
  out_.append(reinterpret_cast<const char*>(answer.data()), answer.size());
}

bool TcpClient::flush() {
  while (!out_.empty()) {
    const auto size = ::send(socket_.get(), out_.data(), out_.size(), MSG_NOSIGNAL);
    if (size < 0) return errno == EAGAIN || errno == EINTR;
    out_.erase(0, static_cast<std::size_t>(size));
  }
  return true;
}

void TcpClient::send(wire::DnsBytes answer) {
  if (waiting_ > 0) --waiting_;
  append(answer);
  // The rest, and questions read meanwhile, are seen to when the socket takes more: at once, mostly.
  if (ticket_ != 0 && (events_ & EPOLLOUT) == 0) poller_.change(ticket_, socket_.get(), events_ |= EPOLLOUT);
}

void TcpClient::choose_events() {
  const std::uint32_t wanted =
      (is_busy() || no_more_questions_ ? 0u : std::uint32_t{EPOLLIN}) | (out_.empty() ? 0u : std::uint32_t{EPOLLOUT});
  if (wanted == events_) return;
  events_ = wanted;
  poller_.change(ticket_, socket_.get(), events_);
}

}  // namespace fairlead::dns
