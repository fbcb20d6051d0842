#pragma once
/// A client over TCP (RFC 7766): questions one after the other, each with its length in front, answers in any order.
#include <optional>
#include <string>

#include "doors/dns/limits.h"
#include "doors/dns/poller.h"
#include "wire/dns_message.h"

namespace fairlead::dns {

/// Where a connection brings its questions.
class TcpHost {
 public:
  virtual ~TcpHost() = default;
  /// The size of the answer in `out`; 0 when it comes later through `TcpClient::send`; nothing when there will be none.
  virtual std::optional<std::size_t> respond(wire::DnsBytes message, std::uint64_t connection,
                                             std::span<std::uint8_t> out) = 0;
  /// It is over: destroy the client (which returns at once after this call).
  virtual void ended(std::uint64_t connection, bool by_us) = 0;
};

class TcpClient final : public Watch {
 public:
  TcpClient(Poller& poller, const Limits& limits, TcpHost& host, std::uint64_t number, base::Fd socket);
  ~TcpClient() override;

  /// False when the kernel refuses to watch it.
  bool start();
  void ready(std::uint32_t events) override;
  /// An answer that was waited for.
  void send(wire::DnsBytes answer);
  Time last_question() const { return last_question_; }

 private:
  bool read_more();
  bool serve_questions();
  void append(wire::DnsBytes answer);
  bool flush();
  bool has_question() const;
  bool is_busy() const { return out_.size() > limits_.unsent_answers || waiting_ >= limits_.waiting_per_connection; }
  void choose_events();
  void watch_idleness();

  Poller& poller_;
  const Limits& limits_;
  TcpHost& host_;
  std::uint64_t number_;
  base::Fd socket_;
  Poller::Ticket ticket_ = 0, timer_ = 0;
  std::uint32_t events_ = EPOLLIN;
  std::string in_, out_;
  std::size_t waiting_ = 0;
  bool no_more_questions_ = false;
  Time last_question_;
};

}  // namespace fairlead::dns
