/// Names per second, in a closed loop: our name server beside a bare UDP echo in the same namespace, interleaved.
///   bench_dns [ROUNDS [SECONDS]]                   our own server, in private namespaces (needs root)
///   bench_dns client NAME OUTSTANDING SECONDS [PORT]
///                                                  only the client, against 127.0.0.11 of the namespace it is started
///                                                  in; a `*` in NAME becomes a number, so that no cache can answer
///   bench_dns echo PORT                            a bare echo at 127.0.0.11, until it is ended
///   bench_dns server ADDRESS                       an outside server that knows every name, until it is ended
#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <vector>

#include "adapters/linux/netns.h"
#include "adapters/linux/resolver_sockets.h"
#include "doors/dns/name_server.h"
#include "support/private_host.h"
#include "wire/dns_answer.h"

namespace {

using namespace fairlead;
using Clock = std::chrono::steady_clock;

sockaddr_in at(const char* host, int port) {
  sockaddr_in out{};
  out.sin_family = AF_INET;
  out.sin_port = htons(static_cast<std::uint16_t>(port));
  inet_pton(AF_INET, host, &out.sin_addr);
  return out;
}

std::string question(std::string name, unsigned number) {
  if (const auto star = name.find('*'); star != std::string::npos) name.replace(star, 1, std::to_string(number));
  wire::DnsQuery query;
  query.id = static_cast<std::uint16_t>(number);
  query.recursion_desired = true;
  query.name = *wire::parse_dns_name_text(name);
  query.type = wire::dns_type::a;
  query.klass = wire::kDnsClassIn;
  return wire::encode_dns_query(query);
}

struct Outcome {
  double rate = 0, median = 0, p99 = 0;  // per second, µs, µs
  long lost = 0;
};

/// Sends the next question when an answer comes; times are those of one outstanding question.
Outcome closed_loop(int port, const std::string& name, int outstanding, double seconds) {
  const int fd = socket(AF_INET, SOCK_DGRAM, 0);
  const auto to = at("127.0.0.11", port);
  connect(fd, reinterpret_cast<const sockaddr*>(&to), sizeof to);
  const timeval patience{0, 300'000};
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  const bool fixed = name.find('*') == std::string::npos;
  static unsigned number = static_cast<unsigned>(getpid()) << 16;
  auto message = question(name, ++number);
  const auto ask = [&] {
    if (!fixed) message = question(name, ++number);
    send(fd, message.data(), message.size(), 0);
  };
  std::vector<float> times;
  times.reserve(1 << 20);
  Outcome out;
  long answers = 0;
  char in[4096];
  const auto start = Clock::now();
  auto asked = start, now = start;
  for (int i = 0; i < outstanding; ++i) ask();
  while (now - start < std::chrono::duration<double>(seconds) && out.lost < 5) {
    if (recv(fd, in, sizeof in, 0) <= 0) {
      ++out.lost;
      for (int i = 0; i < outstanding; ++i) ask();
      now = asked = Clock::now();
      continue;
    }
    ++answers;
    now = Clock::now();
    times.push_back(std::chrono::duration<float, std::micro>(now - asked).count());
    asked = now;
    ask();
  }
  close(fd);
  std::ranges::sort(times);
  out.rate = static_cast<double>(answers) / std::chrono::duration<double>(now - start).count();
  if (!times.empty()) {
    out.median = times[times.size() / 2];
    out.p99 = times[times.size() * 99 / 100];
  }
  return out;
}

/// In a process of its own inside the namespace; ends with us.
template <class Work>
pid_t in_child(const base::Fd& netns, Work work) {
  const pid_t child = fork();
  if (child != 0) return child;
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  const auto done = linuxnet::inside_netns(netns, [&]() -> base::Result<void> {
    work();
    return {};
  });
  _exit(done ? 0 : 1);
}

Outcome measure(const base::Fd& netns, int port, const std::string& name, int outstanding, double seconds) {
  int ends[2];
  if (pipe(ends) != 0) return {};
  const auto child = in_child(netns, [&] {
    const auto outcome = closed_loop(port, name, outstanding, seconds);
    (void)!write(ends[1], &outcome, sizeof outcome);
  });
  close(ends[1]);
  Outcome outcome;
  (void)!read(ends[0], &outcome, sizeof outcome);
  close(ends[0]);
  waitpid(child, nullptr, 0);
  return outcome;
}

[[noreturn]] void echo(const char* host, int port, bool answer) {
  const int fd = socket(AF_INET, SOCK_DGRAM, 0);
  const auto here = at(host, port);
  if (bind(fd, reinterpret_cast<const sockaddr*>(&here), sizeof here) != 0) std::abort();
  std::array<std::uint8_t, 4096> in, out;
  for (;;) {
    sockaddr_in from{};
    socklen_t size = sizeof from;
    const auto length = recvfrom(fd, in.data(), in.size(), 0, reinterpret_cast<sockaddr*>(&from), &size);
    if (length < 0) continue;
    std::span<const std::uint8_t> reply(in.data(), static_cast<std::size_t>(length));
    if (answer) {
      const auto query = wire::parse_dns_query(reply);
      if (!query) continue;
      wire::DnsAnswerWriter writer(out, *query);
      writer.add(base::Ip::v4(0x01010101), 60);
      reply = {out.data(), writer.finish(0)};
    }
    sendto(fd, reply.data(), reply.size(), 0, reinterpret_cast<sockaddr*>(&from), size);
  }
}

double median(std::vector<double> values) {
  std::ranges::sort(values);
  return values.empty() ? 0 : values[values.size() / 2];
}

int run(int rounds, double seconds) {
  if (!support::enter_private_host()) return std::fputs("needs root\n", stderr), 1;
  if (!linuxnet::create_netns("bench")) return 1;
  const auto netns = std::move(*linuxnet::open_netns("bench"));
  (void)support::sh(support::inside("bench", "ip link set lo up"));
  constexpr int kEchoPort = 5300;
  const auto home = std::move(*linuxnet::current_netns());
  const pid_t bare = in_child(netns, [] { echo("127.0.0.11", kEchoPort, false); });
  const pid_t outside = in_child(home, [] { echo("127.0.1.1", 53, true); });

  const pid_t serving = fork();
  if (serving == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    engine::NameView view;
    auto names = std::make_shared<engine::NetworkNames>();
    for (unsigned i = 0; i < 100; ++i) names->names.add(fmt::format("name{}", i), {base::Ip::v4(0xac190002 + i)});
    view.networks = {names};
    view.upstreams = {{*base::Ip::parse("127.0.1.1"), ""}};
    view.upstream_key = "127.0.1.1";
    auto sockets = linuxnet::make_resolvers()->open("bench");
    auto server = dns::NameServer::start();
    if (!sockets || !server) _exit(1);
    (*server)->serve(base::SandboxId::from(base::fresh_entropy()), std::move(*sockets),
                     std::make_shared<engine::NameView>(std::move(view)));
    pause();
  }
  usleep(300'000);

  struct Row {
    const char* what;
    int port, outstanding;
    const char* name;
    std::vector<double> rates = {}, medians = {}, p99s = {};
    long lost = 0;
  };
  std::vector<Row> rows{{"bare echo", kEchoPort, 1, "name7"},        {"names", 53, 1, "name7"},
                        {"bare echo", kEchoPort, 20, "name7"},       {"names", 53, 20, "name7"},
                        {"outside, each new", 53, 1, "n*.example"},  {"outside, cached", 53, 1, "n.example"},
                        {"outside, each new", 53, 20, "n*.example"}, {"outside, cached", 53, 20, "n.example"}};
  for (int round = 0; round < rounds; ++round) {
    for (auto& row : rows) {
      const auto one = measure(netns, row.port, row.name, row.outstanding, seconds);
      row.rates.push_back(one.rate);
      row.medians.push_back(one.median);
      row.p99s.push_back(one.p99);
      row.lost += one.lost;
    }
  }
  fmt::print("| what | outstanding | per second | µs median | µs p99 | lost |\n|---|---|---|---|---|---|\n");
  for (const auto& row : rows)
    fmt::print("| {} | {} | {:.0f} | {:.1f} | {:.1f} | {} |\n", row.what, row.outstanding, median(row.rates),
               median(row.medians), median(row.p99s), row.lost);
  fmt::print("\nnames to bare echo: {:.2f} at 1 outstanding, {:.2f} at 20\n",
             median(rows[1].rates) / median(rows[0].rates), median(rows[3].rates) / median(rows[2].rates));
  for (const pid_t child : {serving, bare, outside}) kill(child, SIGKILL);
  (void)linuxnet::remove_netns("bench");
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string_view mode = argc > 1 ? argv[1] : "";
  if ((argc == 5 || argc == 6) && mode == "client") {
    const int port = argc == 6 ? std::atoi(argv[5]) : 53;
    const auto one = closed_loop(port, argv[2], std::atoi(argv[3]), std::atof(argv[4]));
    fmt::print("{:.0f} per second, {:.1f} µs median, {:.1f} µs p99, {} lost\n", one.rate, one.median, one.p99,
               one.lost);
    return 0;
  }
  if (argc == 3 && mode == "server") echo(argv[2], 53, true);
  if (argc == 3 && mode == "echo") echo("127.0.0.11", std::atoi(argv[2]), false);
  return run(argc > 1 ? std::atoi(argv[1]) : 20, argc > 2 ? std::atof(argv[2]) : 0.5);
}
