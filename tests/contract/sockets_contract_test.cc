/// What every Sockets does, the fake in memory as well as the one that binds.
#include <gmock/gmock.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "adapters/linux/host_sockets.h"
#include "adapters/linux/socket_address.h"
#include "base/fd.h"
#include "support/fake_sockets.h"
#include "support/private_host.h"

namespace fairlead {
namespace {

using namespace support;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

constexpr ports::L4Protocol tcp{IPPROTO_TCP}, udp{IPPROTO_UDP};

ports::HostPort at(const char* address, ports::L4Protocol protocol, std::uint16_t number) {
  return {base::Ip::parse(address), protocol, number};
}
ports::HostPort everywhere(ports::L4Protocol protocol, std::uint16_t number) {
  return {std::nullopt, protocol, number};
}

class SocketsContract : public ::testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    if (std::string(GetParam()) == "fake") {
      auto fake = std::make_unique<FakeSockets>();
      fake_ = fake.get();
      sockets_ = std::move(fake);
      return;
    }
    if (!enter_private_host()) GTEST_SKIP() << "needs root: unshare(2) of network and mount namespaces is refused";
    auto made = linuxnet::make_sockets();
    ASSERT_TRUE(made) << made.error().text;
    sockets_ = std::move(*made);
  }
  void another_program_takes(const ports::HostPort& port) {
    if (fake_ != nullptr) return fake_->another_program_takes(port);
    const linuxnet::SocketAddress local(port.address.value(), port.number);
    const bool streams = port.protocol == tcp;
    base::Fd socket(::socket(local.family(), streams ? SOCK_STREAM : SOCK_DGRAM, port.protocol.number));
    const int on = 1;
    if (!port.address->is_v4()) setsockopt(socket.get(), IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
    ASSERT_EQ(bind(socket.get(), local.get(), local.size), 0);
    if (streams) ASSERT_EQ(listen(socket.get(), 1), 0);
    others_.push_back(std::move(socket));
  }
  void another_program_ends() {
    if (fake_ != nullptr) fake_->another_program_ends();
    others_.clear();
  }
  void holds(const std::vector<ports::HostPort>& ports) {
    const auto result = sockets_->hold(ports);
    EXPECT_TRUE(result) << result.error().text;
  }
  void refuses(const std::vector<ports::HostPort>& ports, const std::string& name) {
    const auto result = sockets_->hold(ports);
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().kind, base::ErrorKind::conflict);
    EXPECT_EQ(result.error().text, "failed to bind host port " + name + ": address already in use");
    EXPECT_EQ(result.error().context, name);
  }

  std::unique_ptr<ports::Sockets> sockets_;
  FakeSockets* fake_ = nullptr;
  std::vector<base::Fd> others_;
};

TEST_P(SocketsContract, HoldsUntilReleased) {
  EXPECT_THAT(sockets_->held(), IsEmpty());
  holds({everywhere(tcp, 8080), everywhere(udp, 8080), at("127.0.0.1", tcp, 81)});
  EXPECT_THAT(sockets_->held(),
              UnorderedElementsAre(everywhere(tcp, 8080), everywhere(udp, 8080), at("127.0.0.1", tcp, 81)));
  sockets_->release({everywhere(tcp, 8080), at("127.0.0.1", tcp, 81), everywhere(tcp, 9)});
  EXPECT_THAT(sockets_->held(), ElementsAre(everywhere(udp, 8080)));
  another_program_takes(at("127.0.0.1", tcp, 81));
}

TEST_P(SocketsContract, APortOfAnotherProgramIsRefusedInDockersWords) {
  another_program_takes(at("127.0.0.1", tcp, 8080));
  refuses({everywhere(tcp, 8080)}, "0.0.0.0:8080/tcp");
  refuses({at("0.0.0.0", tcp, 8080)}, "0.0.0.0:8080/tcp");
  refuses({at("127.0.0.1", tcp, 8080)}, "127.0.0.1:8080/tcp");
  holds({everywhere(udp, 8080), at("::", tcp, 8080), at("127.0.0.2", tcp, 8080)});
  another_program_takes(at("::1", udp, 53));
  refuses({at("::1", udp, 53)}, "[::1]:53/udp");
  refuses({everywhere(udp, 53)}, "0.0.0.0:53/udp");
  holds({at("0.0.0.0", udp, 53)});
  another_program_ends();
  holds({at("127.0.0.1", tcp, 8080)});
}

TEST_P(SocketsContract, AllOrNone) {
  another_program_takes(at("0.0.0.0", tcp, 8082));
  std::vector<ports::HostPort> range;
  for (std::uint16_t number = 8080; number < 8085; ++number) range.push_back(everywhere(tcp, number));
  holds({range[0]});
  refuses(range, "0.0.0.0:8082/tcp");
  EXPECT_THAT(sockets_->held(), ElementsAre(range[0]));
  another_program_takes(at("0.0.0.0", tcp, 8081));  // nothing of ours is there
  another_program_ends();
  holds(range);
  EXPECT_EQ(sockets_->held().size(), range.size());
}

TEST_P(SocketsContract, WhatIsGivenUpMakesWay) {
  holds({everywhere(tcp, 8080), everywhere(tcp, 8081)});
  refuses({at("127.0.0.1", tcp, 8080)}, "127.0.0.1:8080/tcp");
  const auto held = sockets_->hold({at("127.0.0.1", tcp, 8080)}, {everywhere(tcp, 8080), everywhere(tcp, 8081)});
  EXPECT_TRUE(held) << held.error().text;
  EXPECT_THAT(sockets_->held(), UnorderedElementsAre(at("127.0.0.1", tcp, 8080), everywhere(tcp, 8081)))
      << "what stands in nobody's way is released with the decision";
}

TEST_P(SocketsContract, WhatIsHeldAlreadyStaysAsItIs) {
  holds({everywhere(tcp, 8080), everywhere(tcp, 8080)});
  sockets_->lead({{everywhere(tcp, 8080), {base::Ip::v4(0x7f000001), 80}}});
  holds({everywhere(tcp, 8080), everywhere(tcp, 8081)});
  EXPECT_EQ(sockets_->held().size(), 2u);
  if (fake_ != nullptr) {
    EXPECT_EQ(fake_->target(everywhere(tcp, 8080)), (ports::PortTarget{base::Ip::v4(0x7f000001), 80}));
    EXPECT_EQ(fake_->target(everywhere(tcp, 8081)), std::nullopt);
  }
}

TEST_P(SocketsContract, OursClashWithOursAsWithAnybody) {
  holds({everywhere(tcp, 8080)});
  refuses({at("127.0.0.1", tcp, 8080)}, "127.0.0.1:8080/tcp");
  refuses({at("::1", tcp, 8080)}, "[::1]:8080/tcp");
  holds({at("0.0.0.0", tcp, 8081), at("::", tcp, 8081)});
}

TEST_P(SocketsContract, LeadingWhatIsNotHeldDoesNothing) {
  sockets_->lead({{everywhere(tcp, 8080), {base::Ip::v4(0x7f000001), 80}}});
  EXPECT_THAT(sockets_->held(), IsEmpty());
}

INSTANTIATE_TEST_SUITE_P(Both, SocketsContract, ::testing::Values("fake", "kernel"),
                         [](const auto& info) { return std::string(info.param); });

}  // namespace
}  // namespace fairlead
