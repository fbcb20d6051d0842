#pragma once
/// A name server with one sandbox in a namespace of its own, outside servers made up, and clients inside.
#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <atomic>
#include <cstring>
#include <functional>
#include <thread>

#include "adapters/linux/netns.h"
#include "adapters/linux/resolver_sockets.h"
#include "doors/dns/name_server.h"
#include "support/private_host.h"
#include "wire/dns_answer.h"

namespace fairlead::dns {

inline base::Ip ip(std::string_view text) {
  return base::Ip::parse(text).value();
}

inline wire::DnsQuery question(std::string_view name, std::uint16_t type = wire::dns_type::a) {
  static std::atomic<std::uint16_t> id = 1;
  wire::DnsQuery query;
  query.id = id++;
  query.recursion_desired = true;
  query.name = wire::parse_dns_name_text(name).value();
  query.type = type;
  query.klass = wire::kDnsClassIn;
  return query;
}

inline sockaddr_in address(const char* host, std::uint16_t port = 53) {
  sockaddr_in out{};
  out.sin_family = AF_INET;
  out.sin_port = htons(port);
  inet_pton(AF_INET, host, &out.sin_addr);
  return out;
}

/// `net1` 172.25.0.0/16 with web and two of alias db.
inline engine::NameView small_view(std::vector<std::string> upstreams = {}) {
  engine::NameView view;
  auto names = std::make_shared<engine::NetworkNames>();
  names->network = "net1";
  names->names.add("web", {ip("172.25.0.2"), ip("fd00::2")});
  names->names.add("db", {ip("172.25.0.3"), ip("172.25.0.4")});
  for (unsigned i = 0; i < 60; ++i) names->names.add("many", {base::Ip::v4(0xac190100 + i)});
  names->reverse = {{ip("172.25.0.2"), "web.net1"}};
  names->subnets = {base::Prefix::parse("172.25.0.0/16").value()};
  view.networks = {names};
  for (const auto& server : upstreams) {
    view.upstreams.push_back({ip(server), ""});
    view.upstream_key += server + " ";
  }
  return view;
}

/// An outside server on port 53 of an address of the private host, over UDP and TCP.
class FakeServer {
 public:
  /// Gives the messages to send back.
  using Behave = std::function<std::vector<std::string>(const wire::DnsQuery& query, bool tcp)>;

  FakeServer(const char* host, Behave behave) : behave_(std::move(behave)) {
    const auto at = address(host);
    const int on = 1;
    for (auto* socket : {&udp_, &tcp_}) {
      socket->reset(::socket(AF_INET, (socket == &udp_ ? SOCK_DGRAM : SOCK_STREAM) | SOCK_CLOEXEC, 0));
      setsockopt(socket->get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
      EXPECT_EQ(bind(socket->get(), reinterpret_cast<const sockaddr*>(&at), sizeof at), 0) << strerror(errno);
    }
    listen(tcp_.get(), 8);
    thread_ = std::thread([this] { run(); });
  }
  ~FakeServer() {
    stop_ = true;
    thread_.join();
  }
  int questions = 0;  ///< read it when nothing is under way

 private:
  void run() {
    while (!stop_) {
      pollfd both[] = {{udp_.get(), POLLIN, 0}, {tcp_.get(), POLLIN, 0}};
      if (poll(both, 2, 20) <= 0) continue;
      std::array<std::uint8_t, 4096> in;
      if (both[0].revents) {
        sockaddr_in from{};
        socklen_t size = sizeof from;
        const auto length = recvfrom(udp_.get(), in.data(), in.size(), 0, reinterpret_cast<sockaddr*>(&from), &size);
        const auto query = wire::parse_dns_query({in.data(), static_cast<std::size_t>(length)});
        ++questions;
        for (const auto& message : behave_(*query, false))
          sendto(udp_.get(), message.data(), message.size(), 0, reinterpret_cast<sockaddr*>(&from), size);
      }
      if (both[1].revents) {
        base::Fd client(accept(tcp_.get(), nullptr, nullptr));
        const auto length = recv(client.get(), in.data(), in.size(), 0);
        const auto query = wire::parse_dns_query({in.data() + 2, static_cast<std::size_t>(length - 2)});
        ++questions;
        for (const auto& message : behave_(*query, true)) {
          std::string framed{static_cast<char>(message.size() >> 8), static_cast<char>(message.size())};
          framed += message;
          send(client.get(), framed.data(), framed.size(), MSG_NOSIGNAL);
        }
      }
    }
  }

  Behave behave_;
  base::Fd udp_, tcp_;
  std::atomic<bool> stop_ = false;
  std::thread thread_;
};

/// An answer with `count` addresses.
inline std::string upstream_answer(const wire::DnsQuery& query, unsigned count = 1, std::uint32_t ttl = 60,
                                   std::uint16_t rcode = 0) {
  std::vector<std::uint8_t> out(65535);
  wire::DnsAnswerWriter writer(out, query);
  for (unsigned i = 0; i < count; ++i) writer.add(base::Ip::v4(0x01010101 + i), ttl);
  const auto size = writer.finish(rcode);
  return {reinterpret_cast<char*>(out.data()), size};
}

class DnsWorld : public support::PrivateHostTest {
 protected:
  void SetUp() override {
    PrivateHostTest::SetUp();
    if (IsSkipped()) return;
    ASSERT_TRUE(linuxnet::create_netns("dnst"));
    netns_ = std::move(*linuxnet::open_netns("dnst"));
    ASSERT_EQ(support::sh(support::inside("dnst", "ip link set lo up")), 0);
    sandbox = base::SandboxId::from(base::fresh_entropy());
  }
  void TearDown() override {
    server.reset();
    (void)linuxnet::remove_netns("dnst");
  }
  void serve(engine::NameView view, Limits limits = {}) {
    server = std::move(*NameServer::start(limits));
    auto sockets = linuxnet::make_resolvers()->open("dnst");
    ASSERT_TRUE(sockets) << sockets.error().text;
    server->serve(sandbox, std::move(*sockets), std::make_shared<engine::NameView>(std::move(view)));
  }
  /// Connected to 127.0.0.11:53 from inside, 8 s of patience.
  base::Fd client(int type = SOCK_DGRAM) {
    base::Fd socket;
    (void)linuxnet::inside_netns(netns_, [&]() -> base::Result<void> {
      socket.reset(::socket(AF_INET, type | SOCK_CLOEXEC, 0));
      return {};
    });
    const timeval patience{8, 0};
    setsockopt(socket.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    const auto to = address("127.0.0.11");
    EXPECT_EQ(connect(socket.get(), reinterpret_cast<const sockaddr*>(&to), sizeof to), 0) << strerror(errno);
    return socket;
  }
  std::string exchange(const base::Fd& socket, const std::string& message) {
    EXPECT_EQ(send(socket.get(), message.data(), message.size(), MSG_NOSIGNAL), static_cast<ssize_t>(message.size()));
    return receive(socket);
  }
  std::string receive(const base::Fd& socket) {
    std::string in(65536, '\0');
    const auto size = recv(socket.get(), in.data(), in.size(), 0);
    in.resize(size < 0 ? 0 : static_cast<std::size_t>(size));
    return in;
  }
  struct Reply {
    int rcode = -1;
    bool truncated = false;
    std::vector<std::string> addresses;
    std::optional<std::uint32_t> ttl;
  };
  static Reply read(const std::string& message) {
    const auto* bytes = reinterpret_cast<const std::uint8_t*>(message.data());
    const auto answer = wire::parse_dns_answer({bytes, message.size()});
    if (!answer) return {};
    Reply reply{answer->rcode, answer->truncated, {}, answer->ttl};
    const auto count = static_cast<std::size_t>(bytes[6] << 8 | bytes[7]);
    for (std::size_t i = 0; i < count && i < answer->ttl_at.size(); ++i) {
      const auto at = answer->ttl_at[i];
      const std::size_t length = bytes[at + 5];
      if (const auto one = base::Ip::from_bytes({bytes + at + 6, length})) reply.addresses.push_back(one->text());
    }
    return reply;
  }
  Reply ask(const wire::DnsQuery& query) { return read(exchange(client(), wire::encode_dns_query(query))); }

  base::Fd netns_;
  base::SandboxId sandbox;
  std::unique_ptr<NameServer> server;
};

}  // namespace fairlead::dns
