/// The firewall adapter against the real kernel: what nft(8) prints, packets, transactions.
#include "adapters/linux/firewall.h"

#include <gmock/gmock.h>
#include <linux/netlink.h>
#include <sys/socket.h>

#include <chrono>
#include <optional>
#include <thread>

#include "adapters/linux/kernel.h"
#include "adapters/linux/netlink_socket.h"
#include "adapters/linux/netns.h"
#include "adapters/linux/nft_tables.h"
#include "support/fake_keeper.h"
#include "support/objects.h"
#include "support/private_host.h"
#include "support/skeletons.h"
#include "support/slowness.h"
#include "wire/nft_set.h"

namespace fairlead {
namespace {

using namespace support;
using ::testing::HasSubstr;
using ::testing::Not;

class FirewallTest : public PrivateHostTest {
 protected:
  void SetUp() override {
    PrivateHostTest::SetUp();
    if (IsSkipped()) return;
    sh("nft flush ruleset");
    auto made = linuxnet::make_firewall();
    ASSERT_TRUE(made) << made.error().text;
    firewall_ = std::move(*made);
  }
  void TearDown() override { sh("nft flush ruleset"); }
  void commit(const ports::Plan& plan) {
    const auto result = firewall_->commit(plan);
    ASSERT_TRUE(result) << result.error().text;
  }
  std::string failure(const ports::Plan& plan) {
    const auto result = firewall_->commit(plan);
    return result ? "succeeded" : result.error().text;
  }
  static std::string listed(const std::string& set) { return output_of("nft list set inet fairlead " + set); }

  support::FakeKeeper keeper_;
  std::unique_ptr<ports::Firewall> firewall_;
};

TEST_F(FirewallTest, NftPrintsWhatWasCommitted) {
  commit({add(example_skeleton()), add(element("masq", {prefix("172.17.0.0/16")}, {}, "bridge docker0"))});
  commit({add(element("bridges", {name("docker0")}, {}, "network bridge")),
          add(element("icc", {name("docker0"), name("docker0")})), add(element("masq", {prefix("172.18.0.0/16")})),
          add(element("published", {proto(6), port(80)}, {ip("172.17.0.2"), port(8080)}, "web 1")),
          add(element("verdicts", {ip("10.0.0.1")}, {ports::Verdict{ports::Verdict::Kind::jump, "web"}})),
          add(element("guarded", {prefix("10.1.0.0/16"), port(22)}, {}, "who may"))});
  EXPECT_THAT(listed("bridges"), HasSubstr("\"docker0\" comment \"network bridge\""));
  EXPECT_THAT(listed("icc"), HasSubstr("\"docker0\" . \"docker0\""));
  EXPECT_THAT(listed("masq"), HasSubstr("172.17.0.0/16 comment \"bridge docker0\""));
  EXPECT_THAT(listed("masq"), HasSubstr("172.18.0.0/16"));
  EXPECT_THAT(listed("guarded"), HasSubstr("10.1.0.0/16 . 22 comment \"who may\""));
  EXPECT_THAT(output_of("nft list map inet fairlead published"),
              HasSubstr("tcp . 80 comment \"web 1\" : 172.17.0.2 . 8080"));
  EXPECT_THAT(output_of("nft list map inet fairlead verdicts"), HasSubstr("10.0.0.1 : jump web"));
}

TEST_F(FirewallTest, ANewSkeletonKeepsTheElementsThatStillHaveAPlace) {
  commit({add(example_skeleton()), add(element("bridges", {name("docker0")}, {}, "kept")),
          add(element("icc", {name("a"), name("b")})), add(element("masq", {prefix("172.17.0.0/16")}))});
  auto newer = example_skeleton();
  newer.text = R"(set bridges { type ifname; }
                  set masq { type ipv4_addr; flags interval; }
                  chain forward { type filter hook forward priority filter; policy drop; })";
  commit({change(example_skeleton(), newer), add(element("bridges", {name("br1")})),
          del(element("masq", {prefix("172.17.0.0/16")}))});
  const auto ruleset = output_of("nft list ruleset");
  EXPECT_THAT(ruleset, HasSubstr("\"docker0\" comment \"kept\""));
  EXPECT_THAT(ruleset, HasSubstr("\"br1\""));
  EXPECT_THAT(ruleset, Not(HasSubstr("172.17.0.0")));
  EXPECT_THAT(ruleset, Not(HasSubstr("icc")));
}

TEST_F(FirewallTest, ASetThatChangesItsTypeLosesItsElementsOnly) {
  commit({add(example_skeleton()), add(element("masq", {prefix("172.17.0.0/16")}))});
  auto newer = example_skeleton();
  newer.text = "set masq { type ipv6_addr; flags interval; }";
  commit({change(example_skeleton(), newer), add(element("masq", {prefix("fd00::/64")}))});
  EXPECT_THAT(listed("masq"), HasSubstr("fd00::/64"));
}

TEST_F(FirewallTest, WhatTheKernelRefusesForAnotherReasonCostsNoElements) {
  for (const auto most : {linuxnet::TableOwnership::persistent, linuxnet::TableOwnership::none}) {
    sh("nft flush ruleset");
    firewall_.reset();
    firewall_ = linuxnet::make_firewall(nullptr, most).value();
    commit({del(example_skeleton())});
    commit(
        {add(example_skeleton()), add(element("bridges", {name("docker0")})), add(element("bridges", {name("br1")}))});
    const auto before = output_of("nft list ruleset");
    auto small = example_skeleton();
    small.text = "set bridges { type ifname; size 1; }";
    EXPECT_NE(failure({change(example_skeleton(), small)}), "succeeded");
    EXPECT_EQ(output_of("nft list ruleset"), before);
  }
}

TEST_F(FirewallTest, AReadingThatOthersDisturbIsRefusedWhereItMustBeWhole) {
  // So many sets that a dump of them takes dozens of messages; of elements the kernel does not tell it.
  const std::string table = "/run/netns/many.nft";
  ASSERT_EQ(
      sh("{ echo 'add table inet many'; for n in $(seq 4000); do echo \"add set inet many s$n { type ifname; }\"; "
         "done; } >" +
         table + " && nft -f " + table + "; rm " + table),
      0);
  commit({add(example_skeleton())});
  auto socket = linuxnet::NetlinkSocket::open(NETLINK_NETFILTER).value();
  linuxnet::NftTables tables(socket);
  {
    const std::jthread others([&](const std::stop_token& stop) {
      const ports::Plan there{add(element("bridges", {name("docker0")}))};
      while (!stop.stop_requested()) {
        EXPECT_TRUE(firewall_->commit(there));
        EXPECT_TRUE(firewall_->commit(inverse_of(there)));
      }
    });
    std::optional<base::Error> refused;
    for (int attempt = 0; attempt < 20 && !refused; ++attempt) {
      if (const auto read = tables.elements("many", linuxnet::Disturbed::refuse); !read) refused = read.error();
    }
    ASSERT_TRUE(refused);
    EXPECT_EQ(refused->kind, base::ErrorKind::unavailable) << refused->text;
    EXPECT_TRUE(tables.elements("many"));
  }
  EXPECT_TRUE(tables.elements("many", linuxnet::Disturbed::refuse));
}

TEST_F(FirewallTest, AWrongSkeletonChangesNothing) {
  commit({add(example_skeleton()), add(element("bridges", {name("docker0")}))});
  const auto before = output_of("nft list ruleset");
  auto wrong = example_skeleton();
  wrong.text = "chain x { nonsense }";
  EXPECT_THAT(failure({change(example_skeleton(), wrong)}), HasSubstr("syntax error"));
  EXPECT_EQ(output_of("nft list ruleset"), before);
}

TEST_F(FirewallTest, AnotherOnesTableIsLeftAlone) {
  ASSERT_EQ(sh("nft add table inet fairlead; nft add set inet fairlead bridges '{ type ifname; }'"), 0);
  const auto before = output_of("nft list ruleset");
  EXPECT_THAT(failure({add(example_skeleton())}), HasSubstr("was not made by fairlead"));
  EXPECT_THAT(failure({del(example_skeleton())}), HasSubstr("was not made by fairlead"));
  EXPECT_EQ(output_of("nft list ruleset"), before);
}

TEST_F(FirewallTest, OtherTablesSurvive) {
  ASSERT_EQ(sh("nft add table inet mine; nft add chain inet mine c"), 0);
  commit({add(example_skeleton())});
  commit({del(example_skeleton())});
  EXPECT_THAT(output_of("nft list ruleset"), HasSubstr("table inet mine"));
  EXPECT_THAT(output_of("nft list ruleset"), Not(HasSubstr("fairlead")));
}

TEST_F(FirewallTest, NobodyElseChangesTheTableThatIsOwned) {
  commit({add(example_skeleton()), add(element("bridges", {name("docker0")}))});
  if (sh("nft delete table inet fairlead 2>/dev/null") == 0)
    GTEST_SKIP() << "this kernel has no tables that persist (6.9)";
  ASSERT_EQ(sh("nft add table inet mine"), 0);
  const auto before = output_of("nft list table inet fairlead");
  EXPECT_NE(sh("nft flush chain inet fairlead forward 2>/dev/null"), 0);
  EXPECT_NE(sh("nft delete element inet fairlead bridges '{ docker0 }' 2>/dev/null"), 0);
  EXPECT_EQ(sh("nft flush ruleset"), 0);
  EXPECT_EQ(output_of("nft list table inet fairlead"), before);
  EXPECT_THAT(output_of("nft list ruleset"), Not(HasSubstr("table inet mine")));
  commit({add(element("bridges", {name("br1")}))});
  EXPECT_THAT(listed("bridges"), HasSubstr("br1"));
}

TEST_F(FirewallTest, TheNextOneTakesTheTableOver) {
  commit({add(example_skeleton()), add(element("bridges", {name("docker0")}))});
  if (sh("nft delete table inet fairlead 2>/dev/null") == 0)
    GTEST_SKIP() << "this kernel has no tables that persist (6.9)";
  auto second = linuxnet::make_firewall();
  ASSERT_TRUE(second);
  const auto refused = (*second)->observe({example_skeleton()});
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().text, HasSubstr("two daemons cannot share one network namespace"));
  firewall_.reset();
  EXPECT_THAT(listed("bridges"), HasSubstr("docker0"));
  EXPECT_EQ((*second)->observe({example_skeleton()}).value(), std::vector<ports::Object>{example_skeleton()});
  EXPECT_NE(sh("nft delete table inet fairlead 2>/dev/null"), 0);
  firewall_ = std::move(*second);
  commit({add(element("bridges", {name("br1")}))});
  commit({del(example_skeleton())});
  EXPECT_THAT(output_of("nft list ruleset"), Not(HasSubstr("fairlead")));
}

TEST_F(FirewallTest, WithoutPersistenceAKeptSocketOwnsTheTable) {
  const auto next = [this] {
    firewall_.reset();
    auto made = linuxnet::make_firewall(&keeper_, linuxnet::TableOwnership::while_open);
    ASSERT_TRUE(made) << made.error().text;
    firewall_ = std::move(*made);
  };
  // One of an older version, which everybody can change, becomes ours with all that is in it.
  firewall_ = std::move(linuxnet::make_firewall(nullptr, linuxnet::TableOwnership::none).value());
  commit({add(example_skeleton()), add(element("bridges", {name("docker0")}))});
  next();
  EXPECT_NE(firewall_->observe({example_skeleton()}).value(), std::vector<ports::Object>{example_skeleton()});
  commit({add(example_skeleton()), add(element("bridges", {name("br1")}))});
  if (sh("nft delete table inet fairlead 2>/dev/null") == 0)
    GTEST_SKIP() << "this kernel has no tables that are owned (5.12)";
  EXPECT_EQ(sh("nft flush ruleset"), 0);
  EXPECT_THAT(listed("bridges"), HasSubstr("docker0"));
  next();
  EXPECT_EQ(firewall_->observe({example_skeleton()}).value(), std::vector<ports::Object>{example_skeleton()});
  EXPECT_NE(sh("nft delete table inet fairlead 2>/dev/null"), 0) << "while nobody but the keeper has the socket";
  commit({add(element("bridges", {name("br2")}))});
  EXPECT_THAT(listed("bridges"), HasSubstr("br2"));
  ASSERT_TRUE(keeper_.drop({linuxnet::table_socket_key}));
  firewall_.reset();
  EXPECT_THAT(output_of("nft list ruleset"), Not(HasSubstr("fairlead")));
}

TEST_F(FirewallTest, AnOwningSocketThatWasLeftInTheMiddleOfADumpServesOn) {
  firewall_ = std::move(linuxnet::make_firewall(&keeper_, linuxnet::TableOwnership::while_open).value());
  ports::Plan plan{add(example_skeleton())};
  for (std::uint16_t number = 1; number < 5000; ++number)
    plan.push_back(add(element("published", {proto(6), port(number)}, {ip("172.17.0.2"), port(number)}, "web")));
  commit(plan);
  auto kept = keeper_.take(linuxnet::table_socket_key).value();
  if (kept.empty()) GTEST_SKIP() << "this kernel has no tables that are owned (5.12)";
  wire::NetlinkBatch batch;
  wire::put_nft_dump_elements(batch, "fairlead", "published");
  const auto bytes = batch.bytes();
  ASSERT_GT(send(kept.begin()->second.get(), bytes.data(), bytes.size(), 0), 0);
  firewall_.reset();
  firewall_ = std::move(linuxnet::make_firewall(&keeper_, linuxnet::TableOwnership::while_open).value());
  EXPECT_EQ(firewall_->elements("fairlead")->size(), 4999u);
}

TEST_F(FirewallTest, ASocketOfAnotherNamespaceIsNotTakenOver) {
  base::Fd other(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER));
  const auto ours = linuxnet::is_socket_of_this_netns(other);
  ASSERT_TRUE(ours);
  auto scratch = linuxnet::scratch_netns();
  ASSERT_TRUE(scratch);
  ASSERT_TRUE(linuxnet::inside_netns(*scratch, [&]() -> base::Result<void> {
    EXPECT_FALSE(linuxnet::is_socket_of_this_netns(other));
    return {};
  }));
}

TEST_F(FirewallTest, TheAdministratorsTableIsMadeOnceAndLeftAlone) {
  ports::FirewallSkeleton theirs{"fairlead-user", "chain forward { type filter hook forward priority -10; }", true};
  commit({add(theirs), add(example_skeleton())});
  ASSERT_EQ(sh("nft add rule inet fairlead-user forward counter"), 0);
  const auto before = output_of("nft list table inet fairlead-user");
  auto newer = theirs;
  newer.text = "chain other { }";
  commit({add(newer)});
  EXPECT_EQ(firewall_->observe({newer}).value(), std::vector<ports::Object>{newer});
  commit({del(theirs), del(example_skeleton())});
  EXPECT_EQ(output_of("nft list table inet fairlead-user"), before);
}

TEST_F(FirewallTest, ItIsMendedAfterSomebodyFlushedEverything) {
  firewall_ = std::move(linuxnet::make_firewall(nullptr, linuxnet::TableOwnership::none).value());
  commit({add(example_skeleton()), add(element("bridges", {name("docker0")}))});
  ASSERT_EQ(sh("nft flush ruleset"), 0);
  commit({del(element("bridges", {name("docker0")}))});
  EXPECT_THAT(failure({add(element("bridges", {name("docker0")}))}), HasSubstr("element bridges"));
  commit({add(example_skeleton()), add(element("bridges", {name("docker0")}))});
  EXPECT_THAT(listed("bridges"), HasSubstr("docker0"));
}

TEST_F(FirewallTest, ManyElementsInOneTransactionAndQuickly) {
  commit({add(example_skeleton())});
  ports::Plan plan;
  for (int i = 0; i < 10000; ++i) {
    const auto number = static_cast<std::uint16_t>(i);
    plan.push_back(add(element("published", {proto(6), port(number)}, {ip("172.17.0.2"), port(number)},
                               "network bridge, container web")));
  }
  auto start = std::chrono::steady_clock::now();
  commit(plan);
  const auto micros = [&] {
    const auto now = std::chrono::steady_clock::now();
    return std::chrono::duration<double, std::micro>(now - std::exchange(start, now)).count();
  };
  const auto all = micros() / 10000;
  commit({add(element("published", {proto(17), port(53)}, {ip("172.17.0.2"), port(53)}))});
  const auto one = micros();
  const auto there = firewall_->elements("fairlead");
  const auto read = micros();
  ASSERT_TRUE(there);
  EXPECT_EQ(there->size(), 10001u);
  commit(plan);  // all are there: nothing changes, nothing fails
  const auto again = micros() / 10000;
  commit(inverse_of(plan));
  std::printf(
      "[ measured ] %.1f us per element of 10000, %.0f us for one more, %.1f ms to read all, %.1f us each when all are "
      "there\n",
      all, one, read / 1000, again);
  EXPECT_EQ(firewall_->elements("fairlead")->size(), 1u);
  EXPECT_LT(all, 500 * support::slowness());
}

TEST_F(FirewallTest, PacketsObeyTheElements) {
  auto kernel = linuxnet::make_kernel();
  ASSERT_TRUE(kernel);
  ports::Plan plan{add(ports::Sysctl{"", "net/ipv4/ip_forward", "1"}), add(bridge("kbr1")), add(bridge("kbr2")),
                   add(ports::Address{{"", "kbr1"}, prefix("172.31.1.1/24")}),
                   add(ports::Address{{"", "kbr2"}, prefix("172.31.2.1/24")})};
  for (auto& step : container("kern-x", "kvx", "kbr1", "172.31.1.2/24", "172.31.1.1")) plan.push_back(step);
  for (auto& step : container("kern-y", "kvy", "kbr2", "172.31.2.2/24", "172.31.2.1")) plan.push_back(step);
  ASSERT_TRUE((*kernel)->apply(plan));
  commit({add(example_skeleton()), add(element("bridges", {name("kbr1")})), add(element("bridges", {name("kbr2")})),
          add(element("egress", {name("kbr1")})), add(element("egress", {name("kbr2")}))});
  const auto ping = inside("kern-x", "busybox ping -c 1 -W 1 172.31.2.2 >/dev/null");
  EXPECT_NE(sh(ping), 0);
  commit({add(element("icc", {name("kbr1"), name("kbr2")}))});
  EXPECT_EQ(sh(ping), 0);
  commit({del(element("icc", {name("kbr1"), name("kbr2")}))});
  EXPECT_NE(sh(ping), 0);
  ASSERT_TRUE((*kernel)->apply(inverse_of(plan)));
  (*kernel)->settle();
}

}  // namespace
}  // namespace fairlead
