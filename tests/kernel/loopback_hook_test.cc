/// Clients of [::1] that the kernel itself leads: where they arrive, whom they believe to speak with, and who is left
/// to the sockets.
#include "adapters/linux/loopback_hook.h"

#include <gmock/gmock.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include "adapters/linux/socket_address.h"
#include "base/fd.h"
#include "support/private_host.h"

namespace fairlead {
namespace {

using namespace support;
using linuxnet::LoopbackHook;
using linuxnet::SocketAddress;

constexpr ports::L4Protocol tcp{IPPROTO_TCP}, udp{IPPROTO_UDP};
constexpr char kPortsOwner[] = "the port's own socket", kServer[] = "the container's server";

SocketAddress address(const char* ip, std::uint16_t port) {
  return {*base::Ip::parse(ip), port};
}

/// Says who it is to everybody who connects, or sends a datagram.
struct Service {
  Service(const char* ip, std::uint16_t port, int type, const char* words) : type_(type), words_(words) {
    const auto place = address(ip, port);
    socket_.reset(::socket(place.family(), type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    const int on = 1;
    setsockopt(socket_.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    EXPECT_EQ(bind(socket_.get(), place.get(), place.size), 0) << ip << ' ' << strerror(errno);
    if (type == SOCK_STREAM) EXPECT_EQ(listen(socket_.get(), 8), 0);
  }
  /// False when nobody came.
  bool serve() {
    pollfd waiting{.fd = socket_.get(), .events = POLLIN, .revents = 0};
    if (::poll(&waiting, 1, 500) != 1) return false;
    if (type_ == SOCK_STREAM) {
      client_.reset(accept4(socket_.get(), nullptr, nullptr, SOCK_CLOEXEC));
      return send(client_.get(), words_, strlen(words_), MSG_NOSIGNAL) > 0;
    }
    char byte = 0;
    sockaddr_in6 from{};
    socklen_t size = sizeof from;
    return recvfrom(socket_.get(), &byte, 1, 0, reinterpret_cast<sockaddr*>(&from), &size) == 1 &&
           sendto(socket_.get(), words_, strlen(words_), 0, reinterpret_cast<sockaddr*>(&from), size) > 0;
  }

 private:
  int type_;
  const char* words_;
  base::Fd socket_, client_;
};

class LoopbackHookTest : public PrivateHostTest {
 protected:
  void SetUp() override {
    PrivateHostTest::SetUp();
    if (IsSkipped()) return;
    // A container's address, here an address of the host itself.
    ASSERT_EQ(sh("ip link add wire type veth peer name other 2>/dev/null; ip addr replace fd00::2/64 dev wire nodad; "
                 "ip addr replace 10.4.0.2/24 dev wire; ip link set wire up; ip link set other up"),
              0);
    auto attached = LoopbackHook::attach();
    if (!attached) GTEST_SKIP() << attached.error().text << " (" << attached.error().context << ")";
    hook_ = std::move(*attached);
  }
  void lead(ports::L4Protocol protocol, const char* target) {
    hook_->lead({std::nullopt, protocol, 8080}, {*base::Ip::parse(target), 80});
  }
  static base::Fd client(int type, const std::function<void(int)>& prepare = {}) {
    base::Fd fd(socket(AF_INET6, type | SOCK_CLOEXEC, 0));
    const timeval patience{1, 0};
    setsockopt(fd.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    if (prepare) prepare(fd.get());
    const auto to = address("::1", 8080);
    EXPECT_EQ(connect(fd.get(), to.get(), to.size), 0) << strerror(errno);
    if (type == SOCK_DGRAM) EXPECT_EQ(send(fd.get(), "?", 1, 0), 1);
    return fd;
  }
  static std::string hear(const base::Fd& from) {
    char room[100];
    const auto size = recv(from.get(), room, sizeof room, 0);
    return size > 0 ? std::string(room, static_cast<std::size_t>(size)) : std::string("(nothing)");
  }
  static std::string peer_of(const base::Fd& socket) {
    SocketAddress peer;
    getpeername(socket.get(), peer.get(), &peer.size);
    return peer.ip().text() + " " + std::to_string(peer.port());
  }
  std::unique_ptr<LoopbackHook> hook_;
};

TEST_F(LoopbackHookTest, LeadsStreamsToBothFamilies) {
  for (const auto* target : {"fd00::2", "10.4.0.2"}) {
    Service server(target, 80, SOCK_STREAM, kServer);
    lead(tcp, target);
    const auto asking = client(SOCK_STREAM);
    EXPECT_TRUE(server.serve());
    EXPECT_EQ(hear(asking), kServer) << target;
    EXPECT_EQ(peer_of(asking), "::1 8080") << target;
  }
}

TEST_F(LoopbackHookTest, NamesAnotherPeerThatTheSocketTookLater) {
  lead(tcp, "fd00::2");  // where nobody listens
  base::Fd fd(socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const auto first = address("::1", 8080), second = address("fd00::2", 81);
  EXPECT_EQ(connect(fd.get(), first.get(), first.size), -1);
  Service other("fd00::2", 81, SOCK_STREAM, kServer);
  ASSERT_EQ(connect(fd.get(), second.get(), second.size), 0) << strerror(errno);
  EXPECT_EQ(peer_of(fd), "fd00::2 81");
}

TEST_F(LoopbackHookTest, LeavesDatagramsToTheSocketWhichFollowsTheContainer) {
  Service held("::1", 8080, SOCK_DGRAM, kPortsOwner);
  lead(udp, "fd00::2");
  lead(tcp, "fd00::2");
  const auto asking = client(SOCK_DGRAM);
  EXPECT_TRUE(held.serve());
  EXPECT_EQ(hear(asking), kPortsOwner);
}

TEST_F(LoopbackHookTest, LeavesToTheSocketWhatItCannotLead) {
  Service held("::1", 8080, SOCK_STREAM, kPortsOwner);
  lead(tcp, "10.4.0.2");
  const auto only_ipv6 = client(SOCK_STREAM, [](int fd) {
    const int on = 1;
    setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
  });
  EXPECT_TRUE(held.serve());
  EXPECT_EQ(hear(only_ipv6), kPortsOwner);
  lead(tcp, "fd00::2");
  const auto bound = client(SOCK_STREAM, [](int fd) {
    const auto own = address("::1", 0);
    EXPECT_EQ(bind(fd, own.get(), own.size), 0);
  });
  EXPECT_TRUE(held.serve());
  EXPECT_EQ(hear(bound), kPortsOwner);
  EXPECT_EQ(peer_of(bound), "::1 8080");
  const auto of_interface =
      client(SOCK_STREAM, [](int fd) { EXPECT_EQ(setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, "lo", 2), 0); });
  EXPECT_TRUE(held.serve());
  EXPECT_EQ(hear(of_interface), kPortsOwner);
}

TEST_F(LoopbackHookTest, LeadsNobodyToAReleasedPortNorPastItsOwnEnd) {
  Service held("::1", 8080, SOCK_STREAM, kPortsOwner);
  lead(tcp, "fd00::2");
  hook_->release({std::nullopt, tcp, 8080});
  EXPECT_EQ((client(SOCK_STREAM), held.serve()), true);
  lead(tcp, "fd00::2");
  Service server("fd00::2", 80, SOCK_STREAM, kServer);
  const auto led = client(SOCK_STREAM);
  EXPECT_TRUE(server.serve());
  hook_.reset();
  EXPECT_EQ((client(SOCK_STREAM), held.serve()), true);
  EXPECT_EQ(hear(led), kServer) << "who is led already stays";
}

TEST_F(LoopbackHookTest, PassesOverPortsThatAreNotAtLoopback) {
  Service held("::1", 8080, SOCK_STREAM, kPortsOwner);
  hook_->lead({*base::Ip::parse("0.0.0.0"), tcp, 8080}, {*base::Ip::parse("fd00::2"), 80});
  hook_->lead({*base::Ip::parse("fd00::2"), tcp, 8080}, {*base::Ip::parse("fd00::2"), 80});
  EXPECT_EQ((client(SOCK_STREAM), held.serve()), true);
}

TEST_F(LoopbackHookTest, IsOfOneHostOnly) {
  lead(tcp, "fd00::2");
  ASSERT_EQ(sh("ip netns add elsewhere && ip -n elsewhere link set lo up"), 0);
  // Within the other namespace nobody listens at ::1, and there is no way to fd00::2: the answers tell the two apart.
  const auto said = output_of(inside("elsewhere",
                                     "python3 -c 'import socket\ntry: socket.create_connection((\"::1\", 8080), 2)\n"
                                     "except OSError as e: print(type(e).__name__)'"));
  EXPECT_EQ(said, "ConnectionRefusedError\n");
  sh("ip netns del elsewhere");
}

}  // namespace
}  // namespace fairlead
