#include "adapters/linux/bound_socket.h"

#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <cerrno>

#include "adapters/linux/socket_address.h"

namespace fairlead::linuxnet {
namespace {

constexpr int backlog = 512;

std::unexpected<base::Error> refused(const ports::HostPort& port, int error) {
  const auto name = describe(port);
  const auto text = "failed to bind host port " + name + ": ";
  switch (error) {
    case EADDRINUSE:
      return base::fail(base::ErrorKind::conflict, text + "address already in use", name);
    case EADDRNOTAVAIL:
      return base::fail(base::ErrorKind::internal, text + "cannot assign requested address", name);
    case EPROTONOSUPPORT:
    case ESOCKTNOSUPPORT:
      if (port.protocol.number != IPPROTO_SCTP) break;
      return base::fail(base::ErrorKind::not_implemented, text + "this kernel has no SCTP", name);
    case EMFILE:
    case ENFILE: {
      rlimit limit{};
      getrlimit(RLIMIT_NOFILE, &limit);
      return base::fail(base::ErrorKind::unavailable,
                        fmt::format("{}too many open files: each port takes one, and the daemon may open {}. Raise "
                                    "LimitNOFILE= of its service (or ulimit -n) and start it again",
                                    text, limit.rlim_cur),
                        name);
    }
  }
  auto failure = base::fail_errno(error, "failed to bind host port " + name);
  failure.error().context = name;
  return failure;
}

void switch_option(const base::Fd& socket, int level, int option, int value) {
  setsockopt(socket.get(), level, option, &value, sizeof value);
}

/// The socket, or its errno in `error`.
base::Fd bind_at(const base::Ip& address, bool both_families, const ports::HostPort& port, int& error) {
  const auto protocol = port.protocol.number;
  const int type = (protocol == IPPROTO_UDP ? SOCK_DGRAM : SOCK_STREAM) | SOCK_CLOEXEC | SOCK_NONBLOCK;
  const SocketAddress local(address, port.number);
  base::Fd socket(::socket(local.family(), type, protocol));
  error = errno;
  if (!socket) return {};
  if (!address.is_v4()) switch_option(socket, IPPROTO_IPV6, IPV6_V6ONLY, both_families ? 0 : 1);
  if (protocol == IPPROTO_UDP) {
    // A reply must leave from the address that the client asked.
    if (address.is_v4()) {
      switch_option(socket, IPPROTO_IP, IP_PKTINFO, 1);
    } else {
      switch_option(socket, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1);
    }
  } else {
    // Connections of an earlier holder in TIME_WAIT bar nobody; a listener still does.
    switch_option(socket, SOL_SOCKET, SO_REUSEADDR, 1);
  }
  if (bind(socket.get(), local.get(), local.size) != 0 ||
      (protocol != IPPROTO_UDP && listen(socket.get(), backlog) != 0)) {
    error = errno;
    return {};
  }
  error = 0;
  return socket;
}

}  // namespace

base::Result<base::Fd> bind_host_port(const ports::HostPort& port) {
  int error = 0;
  auto socket = bind_at(port.address.value_or(base::Ip::v6({})), !port.address, port, error);
  const bool no_ipv6 = error == EAFNOSUPPORT || error == EADDRNOTAVAIL;
  if (!port.address && no_ipv6) socket = bind_at(base::Ip::v4(0), false, port, error);
  if (!socket) return refused(port, error);
  return socket;
}

}  // namespace fairlead::linuxnet
