/// Tracked flows against the real kernel: a client whose flow is forgotten reaches the port's new owner.
#include "adapters/linux/flows.h"

#include <gmock/gmock.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <chrono>

#include "adapters/linux/netns.h"
#include "adapters/linux/socket_address.h"
#include "base/fd.h"
#include "support/private_host.h"
#include "support/slowness.h"
#include "support/tracked_flows.h"

namespace fairlead {
namespace {

using namespace support;
using linuxnet::SocketAddress;

constexpr ports::L4Protocol tcp{IPPROTO_TCP}, udp{IPPROTO_UDP};

base::Ip ip(const std::string& text) {
  return *base::Ip::parse(text);
}

/// A client's machine, and two containers behind this host's bridge.
class FlowsTest : public PrivateHostTest {
 protected:
  void SetUp() override {
    PrivateHostTest::SetUp();
    if (IsSkipped()) return;
    ASSERT_EQ(sh("nft flush ruleset && sysctl -qw net.ipv4.ip_forward=1 && ip link add fbr0 type bridge && "
                 "ip addr add 172.17.0.1/24 dev fbr0 && ip link set fbr0 up"),
              0);
    machine("client", "198.51.100.7", "198.51.100.1", "ip addr add 198.51.100.1/24 dev");
    machine("a", "172.17.0.2", "172.17.0.1", "ip link set master fbr0 dev");
    machine("b", "172.17.0.3", "172.17.0.1", "ip link set master fbr0 dev");
    auto made = linuxnet::make_flows();
    ASSERT_TRUE(made) << made.error().text;
    flows_ = std::move(*made);
    for (const auto protocol : {ports::L4Protocol{IPPROTO_ICMP}, tcp, udp}) {  // of an earlier test
      ASSERT_TRUE(flows_->forget({{.protocol = protocol}}));
    }
  }
  void TearDown() override {
    sh("nft flush ruleset; ip link del fbr0; for n in client a b; do ip netns del $n; done 2>/dev/null");
  }
  static void machine(const std::string& name, const std::string& address, const std::string& gateway,
                      const std::string& attach) {
    const auto outside = "v-" + name;
    ASSERT_EQ(sh("ip netns add " + name + " && ip link add " + outside + " type veth peer name eth0 netns " + name +
                 " && " + attach + " " + outside + " && ip link set " + outside + " up"),
              0);
    ASSERT_EQ(sh(inside(name, "sh -c 'ip addr add " + address +
                                  "/24 dev eth0 && ip link set eth0 up && ip route add "
                                  "default via " +
                                  gateway + "'")),
              0);
  }
  static base::Fd socket_in(const std::string& machine, const SocketAddress& local) {
    base::Fd fd;
    const auto netns = linuxnet::open_netns(machine);
    EXPECT_TRUE(netns && *netns);
    const auto done = linuxnet::inside_netns(*netns, [&]() -> base::Result<void> {
      fd.reset(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
      return {};
    });
    EXPECT_TRUE(done);
    const timeval patience{1, 0};
    setsockopt(fd.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    EXPECT_EQ(bind(fd.get(), local.get(), local.size), 0);
    return fd;
  }
  /// Host port 5353 leads to this container from now on.
  static void publish(const std::string& container) {
    ASSERT_EQ(sh("nft 'table ip t { }; flush table ip t; table ip t { chain pre { type nat hook prerouting priority "
                 "dstnat; fib daddr type local udp dport 5353 dnat to " +
                 container + ":53; }; }'"),
              0);
  }
  std::unique_ptr<ports::Flows> flows_;
};

bool hears(const base::Fd& socket) {
  char room;
  return recv(socket.get(), &room, 1, 0) == 1;
}

TEST_F(FlowsTest, AForgottenFlowFollowsThePortToItsNewOwner) {
  const auto client = socket_in("client", {ip("198.51.100.7"), 40000});
  const auto a = socket_in("a", {ip("172.17.0.2"), 53}), b = socket_in("b", {ip("172.17.0.3"), 53});
  const SocketAddress port(ip("198.51.100.1"), 5353);
  const auto ask = [&] { EXPECT_EQ(sendto(client.get(), "x", 1, 0, port.get(), port.size), 1); };
  publish("172.17.0.2");
  ask();
  ASSERT_TRUE(hears(a));
  publish("172.17.0.3");
  ask();
  ASSERT_TRUE(hears(a)) << "the kernel keeps to what the flow began with";
  EXPECT_EQ(flows_->forget({{.protocol = tcp, .sent_to_port = 5353}}).value_or(9), 0u);
  ask();
  ASSERT_TRUE(hears(a));
  EXPECT_EQ(flows_->forget({{.protocol = udp, .sent_to_port = 5353}}).value_or(9), 1u);
  ask();
  EXPECT_TRUE(hears(b));
  publish("172.17.0.2");
  EXPECT_EQ(flows_->forget({{.address = ip("172.17.0.3")}}).value_or(9), 1u);
  ask();
  EXPECT_TRUE(hears(a));
}

TEST_F(FlowsTest, APortThatChangesHandsLeavesOthersOfTheSameNumberAlone) {
  const auto client = socket_in("client", {ip("198.51.100.7"), 5353});
  const auto a = socket_in("a", {ip("172.17.0.2"), 53}), b = socket_in("b", {ip("172.17.0.3"), 5353});
  const auto says = [](const base::Fd& from, const char* to) {
    const SocketAddress there(ip(to), 5353);
    EXPECT_EQ(sendto(from.get(), "x", 1, 0, there.get(), there.size), 1);
  };
  publish("172.17.0.2");
  ASSERT_EQ(sh("nft 'add chain ip t post { type nat hook postrouting priority srcnat; }; "
               "add rule ip t post ip saddr 172.17.0.0/24 oifname v-client masquerade'"),
            0);
  says(client, "198.51.100.1");
  ASSERT_TRUE(hears(a));
  says(client, "172.17.0.3");
  ASSERT_TRUE(hears(b)) << "it only passes through";
  says(socket_in("a", {ip("172.17.0.2"), 55}), "198.51.100.7");
  ASSERT_TRUE(hears(client)) << "masqueraded";
  ASSERT_EQ(sh("nft flush chain ip t pre"), 0);
  says(socket_in("a", {ip("172.17.0.2"), 54}), "172.17.0.1");  // a port of the host that is closed
  TrackedTable table;
  ASSERT_EQ(std::ranges::count(table.all(), udp, &Flow::protocol), 4);
  EXPECT_EQ(flows_->forget({{.protocol = udp, .sent_to = ip("0.0.0.0"), .sent_to_port = 5353}}).value_or(9), 2u);
  std::vector<base::Ip> left;
  for (const auto& flow : table.all()) {
    if (flow.protocol == udp) left.push_back(flow.sent_to);  // the hosts' own multicast reports are tracked as well
  }
  EXPECT_THAT(left, ::testing::UnorderedElementsAre(ip("172.17.0.3"), ip("198.51.100.7")));
}

TEST_F(FlowsTest, FlowsWithoutPortsAreForgottenByAddress) {
  ASSERT_EQ(sh("nft 'table ip t { chain f { type filter hook forward priority filter; ct state new; }; }'"), 0);
  ASSERT_EQ(sh(inside("client", "sh -c 'ping -c1 -W1 172.17.0.2 && ping -c1 -W1 172.17.0.3' >/dev/null")), 0);
  EXPECT_EQ(flows_->forget({{.sent_to_port = 0}}).value_or(9), 0u);
  EXPECT_EQ(flows_->forget({{.address = ip("172.17.0.2")}}).value_or(9), 1u);
  EXPECT_EQ(flows_->forget({{.address = ip("198.51.100.7")}}).value_or(9), 1u);
}

TEST_F(FlowsTest, TwentyThousandFlowsAreReadInTensOfMilliseconds) {
  TrackedTable table;
  std::vector<Flow> part;
  for (std::uint16_t i = 0; i < 20'000; ++i) {
    const auto server = ip(i % 100 == 0 ? "172.17.0.2" : "172.17.0.3");
    part.push_back({tcp, ip("198.51.100.7"), ip("192.0.2.1"), server, ip("198.51.100.7"), i, 8080, 80});
    if (part.size() < 100) continue;
    ASSERT_EQ(table.insert(part), part.size());
    part.clear();
  }
  const auto start = std::chrono::steady_clock::now();
  EXPECT_EQ(flows_->forget({{.address = ip("172.17.0.2")}}).value_or(0), 200u);
  const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - start;
  std::printf("200 of 20,000 flows forgotten in %.1f ms\n", took.count());
  EXPECT_LT(took.count(), 500 * support::slowness());
  EXPECT_EQ(std::ranges::count(table.all(), tcp, &Flow::protocol), 19'800);
  const auto idle = std::chrono::steady_clock::now();
  EXPECT_EQ(flows_->forget({{}}).value_or(9), 0u);
  const std::chrono::duration<double, std::milli> idled = std::chrono::steady_clock::now() - idle;
  EXPECT_LT(idled.count(), 1 * support::slowness()) << "nothing to look for";
  EXPECT_EQ(flows_->forget({{.protocol = tcp, .sent_to_port = 8080}}).value_or(0), 19'800u);
}

}  // namespace
}  // namespace fairlead
