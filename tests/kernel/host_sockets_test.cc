/// Held host ports against the real kernel: what reaches the socket arrives where the port leads, and comes back.
#include "adapters/linux/host_sockets.h"

#include <gmock/gmock.h>
#include <malloc.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>

#include <array>
#include <chrono>
#include <filesystem>
#include <ranges>
#include <thread>

#include "adapters/linux/socket_address.h"
#include "base/fd.h"
#include "support/fake_keeper.h"
#include "support/private_host.h"
#include "support/slowness.h"

namespace fairlead {
namespace {

using namespace support;
using namespace std::chrono_literals;
using linuxnet::SocketAddress;
using ::testing::HasSubstr;

constexpr ports::L4Protocol tcp{IPPROTO_TCP}, udp{IPPROTO_UDP};
constexpr timeval patience{5, 0};

SocketAddress address(const char* ip, std::uint16_t port) {
  return {*base::Ip::parse(ip), port};
}

/// A blocking socket that gives up after some seconds.
base::Fd socket_for(const SocketAddress& address, int type) {
  base::Fd fd(socket(address.family(), type | SOCK_CLOEXEC, 0));
  for (const int option : {SO_RCVTIMEO, SO_SNDTIMEO})
    setsockopt(fd.get(), SOL_SOCKET, option, &patience, sizeof patience);
  return fd;
}
base::Fd server_at(const SocketAddress& address, int type) {
  auto fd = socket_for(address, type);
  const int on = 1;
  if (type == SOCK_STREAM) setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  EXPECT_EQ(bind(fd.get(), address.get(), address.size), 0) << address.ip().text();
  if (type == SOCK_STREAM) EXPECT_EQ(listen(fd.get(), 512), 0);
  return fd;
}
base::Fd client_of(const SocketAddress& address, int type) {
  auto fd = socket_for(address, type);
  EXPECT_EQ(connect(fd.get(), address.get(), address.size), 0) << strerror(errno);
  return fd;
}
base::Fd accept_from(const base::Fd& server) {
  base::Fd fd(accept4(server.get(), nullptr, nullptr, SOCK_CLOEXEC));
  for (const int option : {SO_RCVTIMEO, SO_SNDTIMEO})
    setsockopt(fd.get(), SOL_SOCKET, option, &patience, sizeof patience);
  return fd;
}
void say(const base::Fd& to, const std::string& words) {
  EXPECT_EQ(send(to.get(), words.data(), words.size(), MSG_NOSIGNAL), static_cast<ssize_t>(words.size()));
}
/// What comes next; `(end)` for an orderly end, `(reset)`, or `(silence)`.
std::string hear(const base::Fd& from) {
  std::array<char, 70'000> room;
  const auto size = recv(from.get(), room.data(), room.size(), 0);
  if (size > 0) return {room.data(), static_cast<std::size_t>(size)};
  if (size == 0) return "(end)";
  return errno == ECONNRESET ? "(reset)" : "(silence)";
}
bool is_silent(const base::Fd& from, std::chrono::milliseconds time) {
  pollfd poll{.fd = from.get(), .events = POLLIN, .revents = 0};
  return ::poll(&poll, 1, static_cast<int>(time.count())) == 0;
}
double processor_seconds(clockid_t of = CLOCK_PROCESS_CPUTIME_ID) {
  timespec time;
  clock_gettime(of, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
}

class HostSocketsTest : public PrivateHostTest {
 protected:
  void SetUp() override {
    PrivateHostTest::SetUp();
    if (!IsSkipped()) make({});
  }
  /// The forwarder alone: nothing is led within connect(2).
  void make(linuxnet::HostSocketsOptions options) {
    options.by_kernel = false;
    sockets_.reset();
    auto made = linuxnet::make_sockets(options);
    ASSERT_TRUE(made) << made.error().text;
    sockets_ = std::move(*made);
  }
  ports::HostPort publish(ports::L4Protocol protocol, std::uint16_t number, const char* target, std::uint16_t to) {
    const ports::HostPort port{std::nullopt, protocol, number};
    const auto held = sockets_->hold({port});
    EXPECT_TRUE(held) << held.error().text;
    sockets_->lead({{port, {*base::Ip::parse(target), to}}});
    return port;
  }
  std::unique_ptr<ports::Sockets> sockets_;
};

class HostStreams : public HostSocketsTest, public ::testing::WithParamInterface<const char*> {};
INSTANTIATE_TEST_SUITE_P(Servers, HostStreams, ::testing::Values("127.0.0.1", "::1"),
                         [](const auto& info) { return std::string(info.param) == "::1" ? "v6" : "v4"; });

TEST_P(HostStreams, LeadsBothFamiliesBothWaysAndPassesTheHalfCloseOn) {
  const auto server = server_at(address(GetParam(), 9000), SOCK_STREAM);
  publish(tcp, 8080, GetParam(), 9000);
  for (const auto* ip : {"127.0.0.1", "::1"}) {
    const auto client = client_of(address(ip, 8080), SOCK_STREAM);
    const auto service = accept_from(server);
    say(service, "220 welcome");
    EXPECT_EQ(hear(client), "220 welcome");
    say(client, "question");
    EXPECT_EQ(hear(service), "question");
    shutdown(client.get(), SHUT_WR);
    EXPECT_EQ(hear(service), "(end)");
    say(service, "answer after the end");
    EXPECT_EQ(hear(client), "answer after the end");
    shutdown(service.get(), SHUT_WR);
    EXPECT_EQ(hear(client), "(end)");
  }
}

TEST_P(HostStreams, CarriesTenMebibytesPastAReaderThatLingers) {
  const auto server = server_at(address(GetParam(), 9000), SOCK_STREAM);
  publish(tcp, 8080, GetParam(), 9000);
  const auto client = client_of(address("::1", 8080), SOCK_STREAM);
  const auto service = accept_from(server);
  std::string bytes(10 << 20, '\0');
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<char>(i * 2654435761U >> 13);
  std::jthread sender([&] {
    for (std::size_t at = 0; at < bytes.size();) {
      const auto sent = send(service.get(), bytes.data() + at, bytes.size() - at, MSG_NOSIGNAL);
      if (sent <= 0) return;
      at += static_cast<std::size_t>(sent);
    }
    shutdown(service.get(), SHUT_WR);
  });
  std::this_thread::sleep_for(100ms);
  const auto spent = processor_seconds();
  std::this_thread::sleep_for(200ms);
  EXPECT_LT(processor_seconds() - spent, 0.05) << "waiting for a reader must cost nothing";
  std::string got;
  for (std::string part; (part = hear(client)) != "(end)";) {
    ASSERT_NE(part, "(silence)");
    got += part;
  }
  EXPECT_TRUE(got == bytes) << got.size();
}

TEST_P(HostStreams, TwoHundredAtOnce) {
  const auto server = server_at(address(GetParam(), 9000), SOCK_STREAM);
  publish(tcp, 8080, GetParam(), 9000);
  std::vector<base::Fd> clients, services;
  for (int i = 0; i < 200; ++i) clients.push_back(client_of(address("::1", 8080), SOCK_STREAM));
  for (int i = 0; i < 200; ++i) services.push_back(accept_from(server));
  for (int i = 0; i < 200; ++i) say(clients[i], "client " + std::to_string(i));
  for (const auto& service : services) say(service, hear(service) + " was heard");
  for (int i = 0; i < 200; ++i) EXPECT_EQ(hear(clients[i]), "client " + std::to_string(i) + " was heard");
}

TEST_F(HostSocketsTest, AnAbortIsPassedOnAndNobodyThereIsTold) {
  const auto server = server_at(address("127.0.0.1", 9000), SOCK_STREAM);
  publish(tcp, 8080, "127.0.0.1", 9000);
  auto client = client_of(address("::1", 8080), SOCK_STREAM);
  const auto service = accept_from(server);
  const linger now{1, 0};
  setsockopt(client.get(), SOL_SOCKET, SO_LINGER, &now, sizeof now);
  client.reset();
  EXPECT_EQ(hear(service), "(reset)");
  publish(tcp, 8081, "127.0.0.1", 9);
  // The abort may come before connect(2) has returned: then that call tells of it.
  const auto nobodys = address("::1", 8081);
  const auto turned_away = socket_for(nobodys, SOCK_STREAM);
  if (connect(turned_away.get(), nobodys.get(), nobodys.size) == 0)
    EXPECT_EQ(hear(turned_away), "(reset)");
  else
    EXPECT_EQ(errno, ECONNRESET) << strerror(errno);
}

TEST_F(HostSocketsTest, NobodyIsAcceptedBeforeThePortLeadsSomewhere) {
  const auto server = server_at(address("127.0.0.1", 9000), SOCK_STREAM);
  const ports::HostPort port{std::nullopt, tcp, 8080};
  ASSERT_TRUE(sockets_->hold({port}));
  const auto client = client_of(address("::1", 8080), SOCK_STREAM);
  say(client, "early");
  EXPECT_TRUE(is_silent(server, 50ms));
  sockets_->lead({{port, {*base::Ip::parse("127.0.0.1"), 9000}}});
  EXPECT_EQ(hear(accept_from(server)), "early");
}

TEST_F(HostSocketsTest, WhoComesWhileNobodyServesIsServedByTheNextOne) {
  support::FakeKeeper keeper;
  make({.keeper = &keeper});
  const auto server = server_at(address("127.0.0.1", 9000), SOCK_STREAM);
  const auto receiver = server_at(address("127.0.0.1", 9000), SOCK_DGRAM);
  const auto streams = publish(tcp, 8080, "127.0.0.1", 9000), datagrams = publish(udp, 8080, "127.0.0.1", 9000);
  publish(tcp, 8081, "127.0.0.1", 9000);
  const ports::HostPort undecided{std::nullopt, tcp, 8082};
  ASSERT_TRUE(sockets_->hold({undecided}));
  sockets_.reset();

  const auto early = client_of(address("::1", 8080), SOCK_STREAM);
  say(early, "early");
  const auto one = client_of(address("::1", 8080), SOCK_DGRAM);
  say(one, "alone");
  EXPECT_TRUE(is_silent(server, 50ms));
  server_at(address("::1", 8082), SOCK_STREAM);  // what led nowhere is anybody's

  make({.keeper = &keeper});
  ASSERT_TRUE(sockets_->hold({streams, datagrams}));
  sockets_->lead(
      {{streams, {*base::Ip::parse("127.0.0.1"), 9000}}, {datagrams, {*base::Ip::parse("127.0.0.1"), 9000}}});
  sockets_->forget_earlier();
  const auto service = accept_from(server);
  EXPECT_EQ(hear(service), "early");
  say(service, "late");
  EXPECT_EQ(hear(early), "late");
  EXPECT_EQ(hear(receiver), "alone");
  server_at(address("::1", 8081), SOCK_STREAM);  // nobody asked for it again
  sockets_->release({streams, datagrams});
  server_at(address("::1", 8080), SOCK_STREAM);
  EXPECT_TRUE(keeper.take("")->empty());
}

TEST_F(HostSocketsTest, AReleasedPortWakesNobodyThoughItIsKept) {
  support::FakeKeeper keeper;
  make({.keeper = &keeper});
  const auto port = publish(tcp, 8080, "127.0.0.1", 9000);
  auto copies = keeper.take("");  // a keeper that does not let go at once
  sockets_->release({port});
  client_of(address("::1", 8080), SOCK_STREAM);
  const auto spent = processor_seconds();
  std::this_thread::sleep_for(200ms);
  EXPECT_LT(processor_seconds() - spent, 0.05);
}

TEST_F(HostSocketsTest, AnotherTargetIsForNewStreamsAndReleaseEndsAll) {
  const auto before = server_at(address("127.0.0.1", 9000), SOCK_STREAM);
  const auto after = server_at(address("127.0.0.1", 9001), SOCK_STREAM);
  const auto port = publish(tcp, 8080, "127.0.0.1", 9000);
  publish(tcp, 8081, "127.0.0.1", 9001);
  const auto first = client_of(address("::1", 8080), SOCK_STREAM);
  const auto of_first = accept_from(before);
  sockets_->lead({{port, {*base::Ip::parse("127.0.0.1"), 9001}}});
  const auto second = client_of(address("::1", 8080), SOCK_STREAM);
  const auto of_second = accept_from(after);
  const auto third = client_of(address("::1", 8081), SOCK_STREAM);
  const auto of_third = accept_from(after);
  say(first, "still here");
  EXPECT_EQ(hear(of_first), "still here");
  sockets_->release({port});
  EXPECT_EQ(hear(first), "(reset)");
  EXPECT_EQ(hear(of_first), "(reset)");
  EXPECT_EQ(hear(second), "(reset)");
  EXPECT_EQ(hear(of_second), "(reset)");
  say(third, "of another port");
  EXPECT_EQ(hear(of_third), "of another port");
  ASSERT_TRUE(sockets_->hold({port})) << "connections that ended do not bar the port";
}

TEST_F(HostSocketsTest, ClientsBeyondTheLimitWaitForAPlace) {
  make({.streams = 4});  // of which one port has one
  const auto server = server_at(address("127.0.0.1", 9000), SOCK_STREAM);
  publish(tcp, 8080, "127.0.0.1", 9000);
  publish(tcp, 8081, "127.0.0.1", 9000);
  auto first = client_of(address("::1", 8080), SOCK_STREAM);
  auto of_first = accept_from(server);
  const auto second = client_of(address("::1", 8080), SOCK_STREAM);
  EXPECT_TRUE(is_silent(server, 50ms));
  const auto elsewhere = client_of(address("::1", 8081), SOCK_STREAM);
  EXPECT_TRUE(accept_from(server)) << "another port has its own places";
  first.reset();
  of_first.reset();
  EXPECT_FALSE(is_silent(server, 500ms)) << "at once, not after a while";
}

TEST_F(HostSocketsTest, WithoutDescriptorsClientsWaitAndNothingSpins) {
  const auto server = server_at(address("127.0.0.1", 9000), SOCK_STREAM);
  publish(tcp, 8080, "127.0.0.1", 9000);
  std::vector<base::Fd> clients;
  for (int i = 0; i < 5; ++i) clients.push_back(socket_for(address("::1", 8080), SOCK_STREAM));
  rlimit usual;
  getrlimit(RLIMIT_NOFILE, &usual);
  const base::Fd next(dup(0));
  rlimit low = usual;
  low.rlim_cur = static_cast<rlim_t>(next.get());  // the next one would be one too many
  setrlimit(RLIMIT_NOFILE, &low);
  for (const auto& client : clients) {
    const auto to = address("::1", 8080);
    EXPECT_EQ(connect(client.get(), to.get(), to.size), 0);
  }
  const auto spent = processor_seconds();
  std::this_thread::sleep_for(300ms);
  EXPECT_LT(processor_seconds() - spent, 0.05);
  const auto refused = sockets_->hold({{std::nullopt, tcp, 8081}});
  setrlimit(RLIMIT_NOFILE, &usual);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, base::ErrorKind::unavailable);
  EXPECT_THAT(refused.error().text, HasSubstr("failed to bind host port 0.0.0.0:8081/tcp: too many open files"));
  EXPECT_THAT(refused.error().text, HasSubstr("LimitNOFILE="));
  for (std::size_t i = 0; i < clients.size(); ++i)
    EXPECT_TRUE(accept_from(server)) << "they are served when it is over";
}

TEST_F(HostSocketsTest, DatagramsFindTheirWayBackToTheirClient) {
  const auto server = server_at(address("127.0.0.1", 9000), SOCK_DGRAM);
  publish(udp, 5300, "127.0.0.1", 9000);
  sh("ip addr add 127.0.0.7/8 dev lo 2>/dev/null");
  std::vector<base::Fd> clients;
  std::vector<SocketAddress> seen;
  // A connected client takes an answer from the very address that it asked only.
  for (const auto* ip : {"127.0.0.1", "127.0.0.7", "::1", "::1"}) {
    clients.push_back(client_of(address(ip, 5300), SOCK_DGRAM));
    say(clients.back(), std::string("question"));
    std::array<char, 100> room;
    SocketAddress from;
    ASSERT_EQ(recvfrom(server.get(), room.data(), room.size(), 0, from.get(), &from.size), 8);
    seen.push_back(from);
  }
  for (std::size_t i = 0; i < clients.size(); ++i) {
    const auto answer = "answer " + std::to_string(i);
    sendto(server.get(), answer.data(), answer.size(), 0, seen[i].get(), seen[i].size);
  }
  for (std::size_t i = 0; i < clients.size(); ++i) EXPECT_EQ(hear(clients[i]), "answer " + std::to_string(i));
  const std::string large(60'000, 'x');
  say(clients[2], large);
  EXPECT_EQ(hear(server), large);
  say(clients[2], "");
  char none;
  EXPECT_EQ(recv(server.get(), &none, 1, 0), 0) << "an empty datagram is one too";
}

TEST_F(HostSocketsTest, DatagramsReachAnIpv6ContainerAndSurviveItsRefusals) {
  publish(udp, 5300, "::1", 9000);
  const auto client = client_of(address("127.0.0.1", 5300), SOCK_DGRAM);
  say(client, "nobody is there");
  std::this_thread::sleep_for(20ms);
  const auto server = server_at(address("::1", 9000), SOCK_DGRAM);
  say(client, "now somebody is");
  EXPECT_EQ(hear(server), "now somebody is");
}

TEST_F(HostSocketsTest, ASilentDatagramClientIsForgotten) {
  make({.datagram_idle = 400ms, .datagram_clients = 2});
  const auto server = server_at(address("127.0.0.1", 9000), SOCK_DGRAM);
  const auto port = publish(udp, 5300, "127.0.0.1", 9000);
  const auto source = [&](const base::Fd& client) {
    say(client, "x");
    char room;
    SocketAddress from;
    EXPECT_EQ(recvfrom(server.get(), &room, 1, 0, from.get(), &from.size), 1);
    return from.port();
  };
  const auto a = client_of(address("::1", 5300), SOCK_DGRAM), b = client_of(address("::1", 5300), SOCK_DGRAM),
             c = client_of(address("::1", 5300), SOCK_DGRAM);
  const auto descriptors = [] { return std::ranges::distance(std::filesystem::directory_iterator("/proc/self/fd")); };
  const auto before = descriptors();
  const auto of_a = source(a);
  EXPECT_EQ(source(a), of_a) << "the same socket while it is known";
  const auto of_b = source(b);
  source(c);  // takes the place of a
  EXPECT_EQ(source(b), of_b);
  EXPECT_NE(descriptors(), before);
  std::this_thread::sleep_for(900ms);
  EXPECT_EQ(descriptors(), before) << "of itself";
  source(a);
  sockets_->release({port});
  std::this_thread::sleep_for(50ms);
  EXPECT_EQ(descriptors(), before - 1) << "the port's own and the client's";
}

TEST_F(HostSocketsTest, AnotherTargetIsForTheNextDatagram) {
  const auto before = server_at(address("127.0.0.1", 9000), SOCK_DGRAM);
  const auto after = server_at(address("127.0.0.1", 9001), SOCK_DGRAM);
  const auto port = publish(udp, 5300, "127.0.0.1", 9000);
  const auto client = client_of(address("::1", 5300), SOCK_DGRAM);
  say(client, "first");
  EXPECT_EQ(hear(before), "first");
  sockets_->lead({{port, {*base::Ip::parse("127.0.0.1"), 9001}}});
  say(client, "second");
  EXPECT_EQ(hear(after), "second");
}

TEST_F(HostSocketsTest, AnAddressThatTheHostHasNotIsRefusedInDockersWords) {
  const auto refused = sockets_->hold({{base::Ip::parse("10.9.9.9"), tcp, 80}});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().text, "failed to bind host port 10.9.9.9:80/tcp: cannot assign requested address");
}

TEST_F(HostSocketsTest, SctpIsHeldWhereTheKernelHasIt) {
  const ports::HostPort port{std::nullopt, {IPPROTO_SCTP}, 80};
  const auto held = sockets_->hold({port});
  const base::Fd probe(socket(AF_INET, SOCK_STREAM, IPPROTO_SCTP));
  EXPECT_EQ(held.has_value(), static_cast<bool>(probe));
  if (held) return;
  EXPECT_EQ(held.error().kind, base::ErrorKind::not_implemented);
  EXPECT_THAT(held.error().text, HasSubstr("this kernel has no SCTP"));
}

TEST_F(HostSocketsTest, FiveThousandPortsCostLittle) {
  std::vector<ports::HostPort> all;
  for (std::uint16_t number = 10'000; number < 15'000; ++number) all.push_back({std::nullopt, tcp, number});
  const std::vector<ports::HostPort> two_hundred(all.begin(), all.begin() + 200);
  const auto memory = [] { return mallinfo2().uordblks + mallinfo2().hblkhd; };
  const auto before = memory();
  const auto start = processor_seconds(CLOCK_THREAD_CPUTIME_ID);
  ASSERT_TRUE(sockets_->hold(two_hundred));
  const auto took = (processor_seconds(CLOCK_THREAD_CPUTIME_ID) - start) * 1e3;
  ASSERT_TRUE(sockets_->hold(all));
  for (const auto& port : all) sockets_->lead({{port, {*base::Ip::parse("127.0.0.1"), 9000}}});
  const auto bytes = (memory() - before) / all.size();
  std::printf("200 ports in %.2f ms; %zu bytes per port\n", took, bytes);
  EXPECT_LT(took, 20 * support::slowness()) << "2 of them here; more under a sanitizer";
  EXPECT_LT(bytes, 150u);
  const auto server = server_at(address("127.0.0.1", 9000), SOCK_STREAM);
  const auto client = client_of(address("::1", 14'999), SOCK_STREAM);
  say(client, "the last");
  EXPECT_EQ(hear(accept_from(server)), "the last");
  sockets_->release(all);
  EXPECT_TRUE(sockets_->held().empty());
}

}  // namespace
}  // namespace fairlead
