/// What a TCP path carries. One server, one client, each in the network namespace it is started in:
///   bench_stream server PORT              until it is ended; all kinds of clients at one port
///   bench_stream bulk ADDRESS PORT S      one stream for S seconds: prints Gb/s
///   bench_stream rtt ADDRESS PORT S       round trips of one byte on one connection: prints how many a second
///   bench_stream connect ADDRESS PORT S   connection, one byte there and back, close: prints how many a second
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <thread>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;

constexpr char kBulk = 'b', kEcho = 'e';

[[noreturn]] void give_up(const char* what) {
  std::perror(what);
  std::exit(1);
}

void quick(int fd) {
  const int one = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  ::setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, "cubic", 5);
}

void serve_one(int fd) {
  std::vector<char> room(1 << 18);
  char kind = 0;
  quick(fd);
  if (::recv(fd, &kind, 1, 0) == 1) {
    if (kind == kEcho && ::send(fd, &kind, 1, MSG_NOSIGNAL) != 1) kind = 0;
    for (ssize_t size; kind != 0 && (size = ::recv(fd, room.data(), room.size(), 0)) > 0;) {
      if (kind == kEcho && ::send(fd, room.data(), size, MSG_NOSIGNAL) != size) break;
    }
  }
  ::close(fd);
}

int serve(std::uint16_t port) {
  const int listener = ::socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int one = 1, zero = 0;
  ::setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  ::setsockopt(listener, IPPROTO_IPV6, IPV6_V6ONLY, &zero, sizeof zero);
  sockaddr_in6 any{};
  any.sin6_family = AF_INET6;
  any.sin6_port = htons(port);
  if (::bind(listener, reinterpret_cast<sockaddr*>(&any), sizeof any) != 0) give_up("bind");
  if (::listen(listener, 1024) != 0) give_up("listen");
  std::puts("ready");
  std::fflush(stdout);
  // A few threads that take turns: one for each connection would measure their making.
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([listener] {
      for (;;) {
        if (const int fd = ::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC); fd >= 0) serve_one(fd);
      }
    });
  }
  for (auto& thread : threads) thread.join();
  return 0;
}

int connected(const char* address, std::uint16_t port, char kind) {
  sockaddr_storage to{};
  socklen_t size = sizeof(sockaddr_in);
  auto* v4 = reinterpret_cast<sockaddr_in*>(&to);
  auto* v6 = reinterpret_cast<sockaddr_in6*>(&to);
  if (::inet_pton(AF_INET, address, &v4->sin_addr) == 1) {
    v4->sin_family = AF_INET;
    v4->sin_port = htons(port);
  } else if (::inet_pton(AF_INET6, address, &v6->sin6_addr) == 1) {
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons(port);
    size = sizeof *v6;
  }
  const int fd = ::socket(to.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (::connect(fd, reinterpret_cast<sockaddr*>(&to), size) != 0) give_up("connect");
  quick(fd);
  char back = kind;
  if (::send(fd, &kind, 1, 0) != 1 || (kind == kEcho && ::recv(fd, &back, 1, 0) != 1)) give_up("greeting");
  return fd;
}

/// Reset, not closed in order: no TIME_WAIT may pile up.
void drop(int fd) {
  const linger at_once{.l_onoff = 1, .l_linger = 0};
  ::setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  ::close(fd);
}

/// Calls `act` until the time is over; the calls' sum of what it gives, a second.
template <class Act>
double rate(double seconds, Act act) {
  const auto begin = Clock::now();
  double sum = 0, passed = 0;
  do {
    sum += act();
    passed = std::chrono::duration<double>(Clock::now() - begin).count();
  } while (passed < seconds);
  return sum / passed;
}

}  // namespace

int main(int argc, char** argv) {
  ::signal(SIGPIPE, SIG_IGN);
  const std::string mode = argc > 1 ? argv[1] : "";
  if (mode == "server" && argc == 3) return serve(static_cast<std::uint16_t>(std::atoi(argv[2])));
  if (argc != 5) return std::fputs("see the head of bench/stream.cc\n", stderr), 2;
  const char* address = argv[2];
  const auto port = static_cast<std::uint16_t>(std::atoi(argv[3]));
  const double seconds = std::atof(argv[4]);
  std::vector<char> room(1 << 17);
  if (mode == "bulk") {
    const int fd = connected(address, port, kBulk);
    std::printf("%.2f\n", rate(seconds, [&] {
                            const auto sent = ::send(fd, room.data(), room.size(), 0);
                            return sent < 0 ? (give_up("send"), 0.0) : static_cast<double>(sent) * 8e-9;
                          }));
  } else if (mode == "rtt") {
    const int fd = connected(address, port, kEcho);
    std::printf("%.0f\n", rate(seconds, [&] {
                            if (::send(fd, room.data(), 1, 0) != 1 || ::recv(fd, room.data(), 1, 0) != 1)
                              give_up("round trip");
                            return 1.0;
                          }));
  } else if (mode == "connect") {
    std::printf("%.0f\n", rate(seconds, [&] { return drop(connected(address, port, kEcho)), 1.0; }));
  } else {
    return 2;
  }
  return 0;
}
