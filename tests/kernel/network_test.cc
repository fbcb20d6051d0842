/// User-defined networks on the real kernel: what packets do.
#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <linux/if_ether.h>
#include <net/if.h>
#include <netpacket/packet.h>
#include <poll.h>
#include <sys/socket.h>

#include <chrono>
#include <random>
#include <thread>

#include "base/fd.h"
#include "support/engine_host.h"
#include "support/slowness.h"

namespace fairlead {
namespace {

using namespace engine;
using support::inside;
using support::output_of;
using support::sh;
using ::testing::HasSubstr;
using testing::ip;
using ::testing::IsEmpty;
using ::testing::Not;
using testing::prefix;

CreateNetwork dual(const std::string& name) {
  CreateNetwork command;
  command.name = name;
  command.ipv6 = true;
  return command;
}

class NetworkOnKernel : public support::EngineHost {
 protected:
  /// A machine outside, behind the host's interface `uplink0`.
  void add_outside() {
    sh("ip netns add net-out && ip link add uplink0 type veth peer name eth0 netns net-out && "
       "ip addr add 203.0.113.1/24 dev uplink0 && ip addr add 2001:db8::1/64 dev uplink0 nodad && ip link set uplink0 "
       "up");
    sh(inside("net-out",
              "sh -c 'ip link set lo up; ip addr add 203.0.113.2/24 dev eth0;"
              "ip addr add 2001:db8::2/64 dev eth0 nodad; ip link set eth0 up; ip link show dev eth0 >/dev/null'"));
    sh("ip link show dev uplink0 >/dev/null");  // makes the kernel look at its carrier now
    learn();
  }
  bool outside_pings(const base::Ip& target) {
    const std::string family = target.is_v4() ? "-4" : "-6";
    return sh(inside("net-out", "busybox ping " + family + " -c 1 -W 1 " + target.text() + " >/dev/null 2>&1")) == 0;
  }
};

TEST_F(NetworkOnKernel, BothFamiliesReachEachOtherAtOnceAndNobodyElse) {
  make(dual("one"));
  make(dual("two"));
  const auto a = run("aa", "one"), b = run("bb", "one"), c = run("cc", "two");
  EXPECT_TRUE(pings(a, endpoint(b).ipv6->address()));
  EXPECT_TRUE(pings(a, endpoint(b).ipv4->address()));
  EXPECT_FALSE(pings(a, endpoint(c).ipv6->address()));
  EXPECT_FALSE(pings(a, endpoint(c).ipv4->address()));
  for (const auto& subnet : world_.network("one").subnets)
    EXPECT_TRUE(pings(a, *subnet.gateway)) << subnet.gateway->text();
  EXPECT_THAT(output_of(in(a, "ip -6 addr show dev eth0")), Not(HasSubstr("tentative")));
  EXPECT_THAT(output_of(in(a, "ip -6 route show default")), HasSubstr("default via fd"));
  EXPECT_THAT(differences(), IsEmpty());
}

TEST_F(NetworkOnKernel, LeavesUnderTheHostsAddressInBothFamilies) {
  add_outside();
  make(dual("one"));
  const auto a = run("aa", "one");
  EXPECT_TRUE(pings(a, ip("203.0.113.2")));  // which has no way back to a container's own address
  EXPECT_TRUE(pings(a, ip("2001:db8::2")));
  sh(inside("net-out", "ip route add " + world_.network("one").subnets[0].prefix.text() + " via 203.0.113.1"));
  sh(inside("net-out", "ip route add " + world_.network("one").subnets[1].prefix.text() + " via 2001:db8::1"));
  EXPECT_FALSE(outside_pings(endpoint(a).ipv4->address()));
  EXPECT_FALSE(outside_pings(endpoint(a).ipv6->address()));
}

TEST_F(NetworkOnKernel, AnInternalNetworkStaysInside) {
  add_outside();
  auto command = dual("inner");
  command.internal = true;
  make(command);
  const auto a = run("aa", "inner"), b = run("bb", "inner");
  EXPECT_TRUE(pings(a, endpoint(b).ipv4->address()));
  EXPECT_TRUE(pings(a, endpoint(b).ipv6->address()));
  EXPECT_TRUE(pings(a, *world_.network("inner").subnets[0].gateway));
  EXPECT_EQ(output_of(in(a, "ip route show default")), "");
  // Also when somebody inside adds the missing route.
  sh(in(a, "ip route add default via " + world_.network("inner").subnets[0].gateway->text()));
  sh(in(a, "ip -6 route add default via " + world_.network("inner").subnets[1].gateway->text()));
  EXPECT_FALSE(pings(a, ip("203.0.113.2")));
  EXPECT_FALSE(pings(a, ip("2001:db8::2")));
}

TEST_F(NetworkOnKernel, GatewayModes) {
  add_outside();
  auto open = dual("open");
  open.pools = {{.subnet = "10.50.0.0/24"}, {.subnet = "fd50::/64"}};
  open.options["com.docker.network.bridge.gateway_mode_ipv4"] = "nat-unprotected";
  open.options["com.docker.network.bridge.gateway_mode_ipv6"] = "routed";
  make(open);
  auto hidden = dual("hidden");
  hidden.internal = true;
  hidden.options["com.docker.network.bridge.gateway_mode_ipv4"] = "isolated";
  hidden.options["com.docker.network.bridge.gateway_mode_ipv6"] = "isolated";
  make(hidden);
  const auto a = run("aa", "open"), c = run("cc", "hidden");
  sh(inside("net-out", "ip route add 10.50.0.0/24 via 203.0.113.1"));
  sh(inside("net-out", "ip route add fd50::/64 via 2001:db8::1"));
  EXPECT_TRUE(outside_pings(endpoint(a).ipv4->address()));
  EXPECT_TRUE(outside_pings(endpoint(a).ipv6->address()));
  EXPECT_TRUE(pings(a, ip("2001:db8::2")));  // under its own address: no rule of ours changes it
  EXPECT_THAT(output_of("nft list set inet fairlead masq6"), Not(HasSubstr("fd50")));
  EXPECT_EQ(output_of("ip -o addr show dev " + world_.network("hidden").bridge + " scope global"), "");
  EXPECT_EQ(output_of(in(c, "ip route show default; ip -6 route show default")), "");
  EXPECT_THAT(differences(), IsEmpty());
}

TEST_F(NetworkOnKernel, LeavesUnderTheAddressOfChoice) {
  add_outside();
  sh("ip addr add 203.0.113.77/32 dev uplink0; ip addr add 2001:db8::77/128 dev uplink0 nodad");
  auto command = dual("chosen");
  command.options["com.docker.network.host_ipv4"] = "203.0.113.77";
  command.options["com.docker.network.host_ipv6"] = "2001:db8::77";
  make(command);
  const auto a = run("aa", "chosen");
  EXPECT_TRUE(pings(a, ip("203.0.113.2")));
  EXPECT_TRUE(pings(a, ip("2001:db8::2")));
  EXPECT_THAT(output_of("nft list map inet fairlead source4"), HasSubstr(": 203.0.113.77"));
  EXPECT_THAT(output_of("cat /proc/net/nf_conntrack 2>/dev/null || conntrack -L 2>/dev/null"),
              HasSubstr("203.0.113.77"));
  EXPECT_THAT(differences(), IsEmpty());
}

TEST_F(NetworkOnKernel, NamesSettingsAndExtraAddressesOfAnEndpoint) {
  make(dual("one"));
  ports::EndpointRequest request;
  request.driver_opts["com.docker.network.endpoint.ifname"] = "wan.5";
  request.driver_opts["com.docker.network.endpoint.sysctls"] =
      "net.ipv4.conf.IFNAME.log_martians=1,net.ipv4.neigh.ifname.gc_stale_time=77,net.ipv6.conf.IFNAME.hop_limit=33";
  request.link_local = {ip("169.254.7.7"), ip("fe80::77")};
  request.mac = base::Mac::parse("02:aa:bb:cc:dd:ee");
  const auto a = run("aa", "one", request);
  const auto shown = output_of(in(a, "ip addr show dev wan.5"));
  EXPECT_THAT(shown, HasSubstr("169.254.7.7/16"));
  EXPECT_THAT(shown, HasSubstr("fe80::77/64"));
  EXPECT_THAT(shown, HasSubstr("02:aa:bb:cc:dd:ee"));
  const auto setting = [&](const std::string& key) { return output_of(in(a, "cat /proc/sys/net/" + key)); };
  EXPECT_EQ(setting("ipv4/conf/wan.5/log_martians"), "1\n");
  EXPECT_EQ(setting("ipv4/neigh/wan.5/gc_stale_time"), "77\n");
  EXPECT_EQ(setting("ipv6/conf/wan.5/hop_limit"), "33\n");
  EXPECT_EQ(setting("ipv6/conf/wan.5/accept_ra"), "0\n");
  EXPECT_THAT(differences(), IsEmpty());
}

TEST_F(NetworkOnKernel, TheDefaultRouteMovesAndInterfacesKeepTheirNames) {
  make(dual("one"));
  make(dual("two"));
  auto inner = dual("inner");
  inner.internal = true;
  make(inner);
  const auto id = run("aa", "inner");
  EXPECT_EQ(output_of(in(id, "ip route show default")), "");
  must(Connect{id, {.network = "two"}});
  must(Connect{id, {.network = "one"}});
  EXPECT_THAT(output_of(in(id, "ip route show default")), HasSubstr("dev eth2"));
  EXPECT_THAT(output_of(in(id, "ip -6 route show default")), HasSubstr("dev eth2"));
  must(Disconnect{id, "one"});
  EXPECT_THAT(output_of(in(id, "ip route show default")), HasSubstr("dev eth1"));
  must(Connect{id, {.network = "bridge", .gw_priority = 5}});
  EXPECT_THAT(output_of(in(id, "ip route show default")), HasSubstr("dev eth2"));
  EXPECT_THAT(output_of(in(id, "ip -6 route show default")), HasSubstr("dev eth1"));  // the bridge has no IPv6
  must(Disconnect{id, "inner"});
  must(Connect{id, {.network = "one"}});
  EXPECT_EQ(endpoint(id, 2).interface, "eth0");
  must(ContainerExited{id, 0});
  start(id);
  EXPECT_EQ(endpoint(id, 0).interface, "eth1");
  EXPECT_EQ(endpoint(id, 1).interface, "eth2");
  EXPECT_EQ(endpoint(id, 2).interface, "eth0");
  EXPECT_THAT(differences(), IsEmpty());
}

/// What comes by on an interface of the host, until nothing has come for a while.
class Ear {
 public:
  explicit Ear(const std::string& interface) : socket_(socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, htons(ETH_P_ALL))) {
    sockaddr_ll address{};
    address.sll_family = AF_PACKET;
    address.sll_protocol = htons(ETH_P_ALL);
    address.sll_ifindex = static_cast<int>(if_nametoindex(interface.c_str()));
    EXPECT_EQ(bind(socket_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  }
  std::vector<std::string> frames() {
    std::vector<std::string> heard;
    pollfd wait{socket_.get(), POLLIN, 0};
    while (poll(&wait, 1, 500) == 1) {
      char frame[2048];
      const auto size = recv(socket_.get(), frame, sizeof frame, 0);
      if (size <= 0) break;
      heard.emplace_back(frame, static_cast<std::size_t>(size));
    }
    return heard;
  }

 private:
  base::Fd socket_;
};

std::string bytes_of(const base::Ip& ip) {
  return {ip.bytes().begin(), ip.bytes().end()};
}

TEST_F(NetworkOnKernel, NeighboursAreToldOfANewAddress) {
  make(dual("one"));
  const auto keeper = run("keeper", "one");  // the bridge has a carrier from now on
  const auto id = run("aa", "bridge");
  Ear ear(world_.network("one").bridge);
  must(Connect{id, {.network = "one"}});
  const auto& place = endpoint(id, 1);
  const auto mac = place.mac.bytes();
  const std::string sender(mac.begin(), mac.end());
  bool arp = false, advertisement = false;
  for (const auto& frame : ear.frames()) {
    const auto type = frame.substr(12, 2);
    // RFC 5227: sender and target are the same address. RFC 4861, 4.4: type 136, the target behind its header.
    arp = arp || (type == std::string("\x08\x06", 2) && frame.substr(22, 6) == sender &&
                  frame.substr(28, 4) == bytes_of(place.ipv4->address()) && frame.substr(38, 4) == frame.substr(28, 4));
    advertisement = advertisement || (type == std::string("\x86\xdd", 2) && frame.size() > 78 && frame[54] == '\x88' &&
                                      frame.substr(62, 16) == bytes_of(place.ipv6->address()));
  }
  EXPECT_TRUE(arp);
  EXPECT_TRUE(advertisement);
}

TEST_F(NetworkOnKernel, HostFollowsAnyOrderOfConnectDisconnectAndRestart) {
  std::mt19937 random(7);
  std::vector<std::string> names = {"bridge"};
  for (int i = 1; i < 8; ++i) {
    auto command = dual("n" + std::to_string(i));
    command.ipv6 = i % 2 == 0;
    command.ipv4 = i != 6;
    command.internal = i == 5;
    make(command);
    names.push_back(command.name);
  }
  const auto target = run("target", "n2");
  for (const auto& name : names) act(Connect{target, {.network = name}});
  const auto id = run("walker", "bridge");
  for (int step = 0; step < 60 && !HasFailure(); ++step) {
    const auto& name = names[random() % names.size()];
    const bool up = world_.state.container(id)->is_up();
    switch (random() % 6) {
      case 0:
        if (up) must(ContainerExited{id, 0});
        break;
      case 1:
        if (!up) start(id);
        break;
      case 2:
      case 3:
        act(Disconnect{id, name});
        break;
      default:
        act(Connect{id, {.network = name, .gw_priority = static_cast<int>(random() % 3)}});
    }
    ASSERT_THAT(differences(), IsEmpty()) << step;
    if (!world_.state.container(id)->is_up()) continue;
    const auto routes = output_of(in(id, "ip -4 route show default"));
    EXPECT_LE(std::ranges::count(routes, '\n'), 1) << routes;
    for (const auto& attachment : world_.state.container(id)->attachments) {
      const auto other =
          std::ranges::find(world_.state.container(target)->attachments, attachment.network, &Attachment::network);
      ASSERT_NE(other, world_.state.container(target)->attachments.end());
      if (other->endpoint->ipv4 && step % 5 == 0) EXPECT_TRUE(pings(id, other->endpoint->ipv4->address())) << step;
      if (other->endpoint->ipv6 && step % 5 == 0) EXPECT_TRUE(pings(id, other->endpoint->ipv6->address())) << step;
    }
  }
}

TEST_F(NetworkOnKernel, NothingIsLeftOfANetwork) {
  kernel_->settle();
  const auto all = [] {
    return output_of(
        "ip -o link | cut -d: -f2; ip -o addr | cut -d' ' -f2-7; nft list table inet fairlead | grep -v counter");
  };
  must(CreateNetwork{.name = "first", .ipv6 = true});  // switches IPv6 forwarding on, once
  must(RemoveNetwork{world_.network("first").id});
  const auto before = all();
  const auto network = make(dual("one"));
  const auto id = run("aa", "one");
  must(ContainerExited{id, 0});
  must(RemoveContainer{id});
  must(RemoveNetwork{network});
  kernel_->settle();
  // A link inside a namespace goes when the kernel gets to clean that up.
  for (int i = 0; i < 100 && all() != before; ++i) std::this_thread::sleep_for(std::chrono::milliseconds(50));
  EXPECT_EQ(all(), before);
}

double median(std::vector<double>& times) {
  std::ranges::nth_element(times, times.begin() + static_cast<std::ptrdiff_t>(times.size() / 2));
  return times[times.size() / 2];
}

TEST_F(NetworkOnKernel, ChangesAreQuick) {
  const auto id = run("aa", "bridge");
  std::vector<double> create, connect, disconnect, remove;
  const auto timed = [](std::vector<double>& times, const std::function<void()>& work) {
    const auto start = std::chrono::steady_clock::now();
    work();
    times.push_back(std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count());
  };
  for (int i = 0; i < 30; ++i) {
    timed(create, [&] { make(dual("one")); });
    timed(connect, [&] { must(Connect{id, {.network = "one"}}); });
    timed(disconnect, [&] { must(Disconnect{id, "one"}); });
    timed(remove, [&] { must(RemoveNetwork{world_.network("one").id}); });
  }
  std::printf("[ measured ] create %.2f ms, connect %.2f ms, disconnect %.2f ms, remove %.2f ms (medians)\n",
              median(create), median(connect), median(disconnect), median(remove));
  // Several times the goals of 4.3, 2.7, 3.7 and 11 ms: the machine is shared. One program started would break them.
  EXPECT_LT(median(create), 40 * support::slowness());
  EXPECT_LT(median(connect), 40 * support::slowness());
  EXPECT_LT(median(disconnect), 40 * support::slowness());
  EXPECT_LT(median(remove), 100 * support::slowness());
}

}  // namespace
}  // namespace fairlead
