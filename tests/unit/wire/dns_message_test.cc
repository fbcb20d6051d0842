#include <gtest/gtest.h>

#include "wire/dns_answer.h"

namespace fairlead::wire {
namespace {

using base::ErrorKind;

DnsBytes bytes_of(const std::string& text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

DnsQuery question(std::string_view name, std::uint16_t type = dns_type::a) {
  DnsQuery query;
  query.id = 0x1234;
  query.recursion_desired = true;
  query.name = parse_dns_name_text(name).value();
  query.type = type;
  query.klass = kDnsClassIn;
  return query;
}

/// Header with the given counts, and what follows.
std::string raw(const std::string& rest, int questions = 1, int additional = 0, int flags = 0x0100) {
  std::string out{
      '\x12', '\x34', static_cast<char>(flags >> 8), static_cast<char>(flags), 0, static_cast<char>(questions), 0, 0, 0,
      0,      0,      static_cast<char>(additional)};
  return out + rest;
}

ErrorKind refusal(const std::string& message) {
  const auto query = parse_dns_query(bytes_of(message));
  return query ? ErrorKind::not_modified : query.error().kind;
}

const std::string kEnd("\0\0\1\0\1", 5);
const std::string kOpt("\0\0\x29\x10\0\0\0\x80\0\0\0", 11);

TEST(DnsQuery, ReadsWhatDigSends) {
  const auto message = raw("\3WeB" + kEnd + kOpt, 1, 1, 0x0120);
  const auto query = parse_dns_query(bytes_of(message));
  ASSERT_TRUE(query);
  DnsTextBuffer text;
  EXPECT_EQ(dns_name_text(query->name, text), "web");
  EXPECT_TRUE(query->recursion_desired && query->authentic_data && !query->checking_disabled && query->edns &&
              query->dnssec_ok);
  EXPECT_EQ(query->udp_size, 4096);
  EXPECT_EQ(encode_dns_query(*query), message);
}

TEST(DnsQuery, RefusesWhatIsBroken) {
  EXPECT_EQ(refusal("short"), ErrorKind::unavailable);
  EXPECT_EQ(refusal(raw("\3web" + kEnd, 1, 0, 0x8100)), ErrorKind::unavailable);
  EXPECT_EQ(refusal(raw("\3web" + kEnd, 1, 0, 0x2000)), ErrorKind::not_implemented);
  EXPECT_EQ(refusal(raw("\3web" + kEnd, 0)), ErrorKind::invalid);
  EXPECT_EQ(refusal(raw("\3web" + kEnd + "\3web" + kEnd, 2)), ErrorKind::invalid);
  EXPECT_EQ(refusal(raw(std::string("\xc0\x0c\0\1\0\1", 6))), ErrorKind::invalid) << "a name that is its own tail";
  EXPECT_EQ(refusal(raw(std::string("\3web\xc0\x0c\0\1\0\1", 10))), ErrorKind::invalid);
  EXPECT_EQ(refusal(raw("\x40" + std::string(64, 'a') + kEnd)), ErrorKind::invalid);
  EXPECT_EQ(refusal(raw("\3we")), ErrorKind::invalid);
  EXPECT_EQ(refusal(raw("\3web" + kEnd + kOpt + kOpt, 1, 2)), ErrorKind::invalid);
  EXPECT_EQ(refusal(raw("\3web" + kEnd + kOpt.substr(0, 10), 1, 1)), ErrorKind::invalid);
  EXPECT_EQ(refusal(raw("\3web" + kEnd + "\xc0\x30" + kOpt.substr(1), 1, 1)), ErrorKind::invalid)
      << "a pointer forward";
  EXPECT_EQ(refusal(raw("\3web" + kEnd + "junk")), ErrorKind::not_modified)
      << "as others, bytes behind the end are passed over";
}

TEST(DnsQuery, NamesUpTo255Bytes) {
  std::string name;
  for (int i = 0; i < 3; ++i) name += '\x3f' + std::string(63, 'a');
  EXPECT_EQ(refusal(raw(name + '\x3d' + std::string(61, 'b') + kEnd)), ErrorKind::not_modified);
  EXPECT_EQ(refusal(raw(name + '\x3e' + std::string(62, 'b') + kEnd)), ErrorKind::invalid);
}

TEST(DnsName, TextAndBack) {
  DnsTextBuffer text;
  EXPECT_EQ(dns_name_text(*parse_dns_name_text("Web.Net1."), text), "web.net1");
  EXPECT_EQ(dns_name_text(*parse_dns_name_text(""), text), "");
  for (const auto& bad : {std::string("a..b"), std::string(".a"), std::string("a.."), std::string(64, 'a')})
    EXPECT_FALSE(parse_dns_name_text(bad)) << bad;
  const auto dotted = parse_dns_query(bytes_of(raw("\3a.b" + kEnd)));
  EXPECT_EQ(dns_name_text(dotted->name, text), "a\\.b") << "must not pass for two labels";
}

TEST(DnsName, ReverseNames) {
  EXPECT_EQ(dns_reverse_address("2.0.25.172.in-addr.arpa"), base::Ip::parse("172.25.0.2"));
  EXPECT_EQ(dns_reverse_address("1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa"),
            base::Ip::parse("2001:db8::1"));
  for (const char* bad : {"0.25.172.in-addr.arpa", "02.0.25.172.in-addr.arpa", "256.0.25.172.in-addr.arpa",
                          "1.2.0.25.172.in-addr.arpa", "in-addr.arpa", "x.ip6.arpa", "web"}) {
    EXPECT_FALSE(dns_reverse_address(bad)) << bad;
  }
}

TEST(DnsAnswer, KeepsTheCaseAndPointsToTheQuestion) {
  auto query = question("WeB");
  std::array<std::uint8_t, 512> out;
  DnsAnswerWriter writer(out, query);
  writer.add(*base::Ip::parse("172.25.0.2"), 600);
  const auto size = writer.finish(dns_rcode::no_error);
  EXPECT_EQ(
      std::string(reinterpret_cast<char*>(out.data()), size),
      std::string("\x12\x34\x81\x80\0\1\0\1\0\0\0\0\3WeB\0\0\1\0\1\xc0\x0c\0\1\0\1\0\0\2\x58\0\4\xac\x19\0\2", 37));
}

TEST(DnsAnswer, TruncatesAtTheLimitAndKeepsItsOptRecord) {
  auto query = question("web", dns_type::aaaa);
  query.edns = query.dnssec_ok = true;
  std::array<std::uint8_t, 512> out;
  DnsAnswerWriter writer(out, query);
  for (int i = 0; i < 100; ++i) writer.add(*base::Ip::parse("2001:db8::1"), 1);
  const auto size = writer.finish(dns_rcode::no_error);
  const auto answer = parse_dns_answer({out.data(), size});
  ASSERT_TRUE(answer);
  EXPECT_TRUE(answer->truncated);
  EXPECT_EQ(answer->ttl_at.size(), (512u - 12 - 9 - 11) / 28);
  EXPECT_EQ(out[size - 11 + 2], 41);
}

TEST(DnsAnswer, TtlIsTheLeastAndForNegativeOnesTheSoas) {
  const std::string head("\3web\0\0\1\0\1", 9);
  const auto record = [](std::string owner, char type, char ttl, std::string data) {
    return owner + std::string{0, type, 0, 1, 0, 0, 0, ttl, 0, static_cast<char>(data.size())} + data;
  };
  auto two = raw(head + record("\xc0\x0c", 1, 60, "1234") + record("\xc0\x0c", 1, 30, "1234"), 1, 0, 0x8180);
  two[7] = 2;
  EXPECT_EQ(parse_dns_answer(bytes_of(two))->ttl, 30u);
  EXPECT_FALSE(parse_dns_answer(bytes_of(two))->negative);
  auto none = raw(head + record("\xc0\x0c", 6, 100, std::string(21, 0) + '\x14'), 1, 0, 0x8183);
  none[9] = 1;
  const auto negative = parse_dns_answer(bytes_of(none));
  EXPECT_TRUE(negative->negative);
  EXPECT_EQ(negative->ttl, 20u);
  EXPECT_EQ(parse_dns_answer(bytes_of(raw(head, 1, 0, 0x8183)))->ttl, std::nullopt)
      << "without an SOA it may not be kept";
  EXPECT_FALSE(parse_dns_answer(bytes_of(raw(head, 1, 0, 0x0100)))) << "a question";
}

TEST(DnsAnswer, AdaptsToTheAskerAndAges) {
  auto upstream = raw(std::string("\3web\0\0\1\0\1\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4"
                                  "1234",
                                  25),
                      1, 0, 0x8180);
  upstream[7] = 1;
  std::vector<std::uint8_t> message(upstream.begin(), upstream.end());
  const auto answer = parse_dns_answer(message);
  ASSERT_TRUE(answer);
  auto query = question("wEb");
  query.id = 7;
  EXPECT_TRUE(answers_question(*answer, query));
  adapt_dns_answer(message, answer->ttl_at, query, 50);
  const auto adapted = parse_dns_answer(message);
  EXPECT_EQ(adapted->id, 7);
  EXPECT_EQ(adapted->name, query.name);
  EXPECT_EQ(adapted->ttl, 10u);
  EXPECT_FALSE(answers_question(*answer, question("web", dns_type::aaaa)));
  EXPECT_FALSE(answers_question(*answer, question("web2")));
}

}  // namespace
}  // namespace fairlead::wire
