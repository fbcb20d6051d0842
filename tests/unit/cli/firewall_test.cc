#include "cli/firewall.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json.hpp>

namespace fairlead::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

std::string ruleset(const std::string& items) {
  return R"({"nftables":[{"metainfo":{"version":"1.0.6"}},{"table":{"family":"inet","name":"fairlead"}})" + items +
         "]}";
}
std::string set(const char* name, const std::string& elements) {
  return fmt::format(R"(,{{"set":{{"family":"inet","table":"fairlead","name":"{}","elem":[{}]}}}})", name, elements);
}
std::string with_comment(const std::string& value, const std::string& comment) {
  return fmt::format(R"({{"elem":{{"val":{},"comment":"{}"}}}})", value, comment);
}

TEST(Firewall, WithoutATableOfOurs) {
  EXPECT_EQ(read_firewall(R"({"nftables":[]})").error().kind, base::ErrorKind::not_found);
  EXPECT_EQ(read_firewall(R"({"nftables":[{"table":{"family":"ip","name":"fairlead"}}]})").error().kind,
            base::ErrorKind::not_found);
  EXPECT_EQ(read_firewall("table inet").error().kind, base::ErrorKind::invalid);
}

TEST(Firewall, NetworksSayWhoMayReachThem) {
  const auto view = read_firewall(
      ruleset(set("bridges", with_comment(R"("br1")", "network one: isolated") + "," +
                                 with_comment(R"("br2")", "network two: isolated")) +
              set("icc", with_comment(R"({"concat":["br1","br1"]})", "network one: x")) + set("internal", R"("br2")") +
              set("egress", R"("br1")") + set("open4", R"("br1")") + set("routed6", R"("br1")") +
              set("home4", with_comment(R"({"prefix":{"addr":"10.1.0.0","len":24}})", "network one: x"))));
  ASSERT_TRUE(view);
  ASSERT_EQ(view->networks.size(), 2);
  const auto& one = view->networks[0];
  EXPECT_EQ(one.name, "one");
  EXPECT_EQ(one.subnets, std::vector<std::string>{"10.1.0.0/24"});
  EXPECT_TRUE(one.among_themselves && one.reaches_out && !one.internal);
  EXPECT_EQ(one.from_outside, "published ports, IPv4 addresses, IPv6 ping");
  const auto& two = view->networks[1];
  EXPECT_TRUE(!two.among_themselves && !two.reaches_out && two.internal);
  EXPECT_EQ(two.from_outside, "nothing");
}

TEST(Firewall, PortsOfEveryKind) {
  const auto view = read_firewall(ruleset(
      set("publish6", R"([{"elem":{"val":{"concat":["tcp",80]},"comment":"net web: published port",)"
                      R"("counter":{"packets":3,"bytes":180}}},{"concat":["fd00::2",8080]}])") +
      set("publish_at4", R"([{"concat":["127.0.0.1","udp",53]},{"concat":["10.1.0.2",5353]}])") +
      set("open_port4", with_comment(R"({"concat":["10.2.0.2","tcp",443]})", "flat srv: open port")) +
      set("trusted4", with_comment(R"({"concat":["wg0","10.1.0.2","tcp",22]})", "net ssh: trusted interface"))));
  ASSERT_TRUE(view);
  const auto text = firewall_text(*view);
  EXPECT_THAT(text, HasSubstr("[::]:80/tcp          [fd00::2]:8080  net      web   published port     3\n"));
  EXPECT_THAT(text, HasSubstr("127.0.0.1:53/udp     10.1.0.2:5353                                     -\n"));
  EXPECT_THAT(text, HasSubstr("itself/tcp           10.2.0.2:443    flat     srv   open port"));
  EXPECT_THAT(text, HasSubstr("itself/tcp from wg0  10.1.0.2:22     net      ssh   trusted interface"));
}

TEST(Firewall, SourcesRulesAndOthers) {
  const auto view = read_firewall(
      ruleset(set("masq", with_comment(R"({"prefix":{"addr":"10.1.0.0","len":24}})", "network one: leaves")) +
              set("source4", R"([{"prefix":{"addr":"10.2.0.0","len":24}},"192.0.2.9"])") +
              R"(,{"chain":{"family":"inet","table":"fairlead","name":"forward","hook":"forward","policy":"accept"}},
         {"chain":{"family":"ip","table":"filter","name":"FORWARD","hook":"forward","policy":"drop"}},
         {"chain":{"family":"ip","table":"mild","name":"FORWARD","hook":"forward","policy":"accept"}},
         {"rule":{"family":"inet","table":"fairlead","chain":"forward","comment":"isolation","expr":[
            {"match":{"left":1,"right":"@bridges"}},{"counter":{"packets":7,"bytes":588}},{"drop":null}]}},
         {"rule":{"family":"inet","table":"fairlead","chain":"p","expr":[{"dnat":{"addr":{"map":{"data":"@publish4"}}}}]}})"));
  ASSERT_TRUE(view);
  EXPECT_EQ(view->sources[0].network, "one");
  EXPECT_EQ(view->sources[1].as, "192.0.2.9");
  ASSERT_EQ(view->rules.size(), 3);
  EXPECT_EQ(view->rules[0].verdict, "drop");
  EXPECT_EQ(view->rules[0].packets, 7);
  EXPECT_EQ(view->rules[1].purpose, "by map publish4");
  EXPECT_EQ(view->rules[1].packets, std::nullopt);
  EXPECT_EQ(view->rules[2].verdict, "accept") << "the policy comes last";
  EXPECT_EQ(view->others, std::vector<std::string>{"ip filter FORWARD"});
  EXPECT_THAT(firewall_text(*view), HasSubstr("Other programs' chains"));

  const auto shown = boost::json::parse(firewall_json(*view));
  EXPECT_EQ(shown.at("rules").at(0).at("packets"), 7);
  EXPECT_TRUE(shown.at("rules").at(1).at("packets").is_null());
  EXPECT_EQ(shown.at("masquerade").at(1).at("as"), "192.0.2.9");
}

TEST(Firewall, SaysWhoseTheTableIs) {
  FirewallView view;
  EXPECT_THAT(firewall_text(view), HasSubstr("not owned"));
  view.flags = {"owner", "persist"};
  EXPECT_THAT(firewall_text(view), HasSubstr("stays when the daemon ends"));
  EXPECT_THAT(firewall_text(view), Not(HasSubstr("Other programs")));
}

}  // namespace
}  // namespace fairlead::cli
