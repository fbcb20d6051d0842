#include "adapters/linux/resolver_sockets.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include "adapters/linux/netns.h"
#include "adapters/linux/skeleton.h"

namespace fairlead::linuxnet {
namespace {

constexpr std::uint32_t kAddress = 0x7f00000b;  // 127.0.0.11
constexpr int kQueue = 1 << 20;                 // bytes; what waits while the daemon is away
constexpr int kBacklog = 64;

base::Result<base::Fd> open_socket(int type) {
  base::Fd socket(::socket(AF_INET, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!socket) return base::fail_errno(errno, "opening a socket for names");
  const int on = 1;
  // The address is there once lo is up; the order must not matter.
  setsockopt(socket.get(), IPPROTO_IP, IP_FREEBIND, &on, sizeof on);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(kAddress);
  if (bind(socket.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
    return base::fail_errno(errno, "binding a socket for names to 127.0.0.11");
  }
  return socket;
}

base::Result<std::uint16_t> port_of(const base::Fd& socket) {
  sockaddr_in address{};
  socklen_t size = sizeof address;
  if (getsockname(socket.get(), reinterpret_cast<sockaddr*>(&address), &size) != 0)
    return base::fail_errno(errno, "asking a socket's port");
  return ntohs(address.sin_port);
}

/// Rewriting packet by packet costs a query a third of what a DNAT with connection tracking costs, and leaves tracking
/// off in namespaces that do not use it. `notrack`: where the container does use it, it must not see half of each
/// exchange.
std::string table_of(std::uint16_t udp, std::uint16_t tcp) {
  return fmt::format(
      "table ip fairlead_dns {{\n"
      "comment \"fairlead name server: 127.0.0.11\"\n"
      "chain output {{\ntype filter hook output priority raw;\n"
      "ip daddr 127.0.0.11 udp dport 53 notrack udp dport set {0} accept\n"
      "ip daddr 127.0.0.11 tcp dport 53 notrack tcp dport set {1} accept\n"
      "ip saddr 127.0.0.11 udp sport {0} notrack udp sport set 53 accept\n"
      "ip saddr 127.0.0.11 tcp sport {1} notrack tcp sport set 53 accept\n}}\n}}\n",
      udp, tcp);
}

/// A table of an earlier name server is replaced; a deletion costs a grace period (15 ms), so it is not tried first.
base::Result<void> lead_to(const base::Fd& netns, const std::string& table) {
  if (run_nft(netns, "create table ip fairlead_dns\n" + table)) return {};
  return run_nft(netns, "add table ip fairlead_dns\ndelete table ip fairlead_dns\n" + table);
}

base::Result<base::Fd> pinned(const std::string& name) {
  auto netns = open_netns(name);
  if (netns && !*netns) return base::fail(base::ErrorKind::not_found, "no network namespace " + name);
  return netns;
}

class LinuxResolvers final : public ports::Resolvers {
 public:
  base::Result<ports::ResolverSockets> open(const std::string& name) override {
    auto netns = pinned(name);
    if (!netns) return std::unexpected(netns.error());
    ports::ResolverSockets sockets;
    auto opened = inside_netns(*netns, [&]() -> base::Result<void> {
      for (const auto& [type, fd] : {std::pair(SOCK_DGRAM, &sockets.udp), std::pair(SOCK_STREAM, &sockets.tcp)}) {
        auto made = open_socket(type);
        if (!made) return std::unexpected(made.error());
        *fd = std::move(*made);
      }
      if (listen(sockets.tcp.get(), kBacklog) != 0) return base::fail_errno(errno, "listening for names");
      return {};
    });
    if (!opened) return std::unexpected(opened.error());
    // Forced, because the usual bound is 208 KiB; a refusal leaves that bound.
    setsockopt(sockets.udp.get(), SOL_SOCKET, SO_RCVBUFFORCE, &kQueue, sizeof kQueue);
    auto udp = port_of(sockets.udp), tcp = port_of(sockets.tcp);
    if (!udp) return std::unexpected(udp.error());
    if (!tcp) return std::unexpected(tcp.error());
    if (auto led = lead_to(*netns, table_of(*udp, *tcp)); !led) {
      led.error().context = "leading 127.0.0.11:53 to the name server in " + name;
      return std::unexpected(led.error());
    }
    return sockets;
  }
};

}  // namespace

std::unique_ptr<ports::Resolvers> make_resolvers() {
  return std::make_unique<LinuxResolvers>();
}

}  // namespace fairlead::linuxnet
