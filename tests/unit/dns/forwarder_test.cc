#include "doors/dns/cache.h"
#include "unit/dns/dns_world.h"

namespace fairlead::dns {
namespace {

using Addresses = std::vector<std::string>;
using Messages = std::vector<std::string>;
namespace rcode = wire::dns_rcode;

std::chrono::milliseconds time_of(const std::function<void()>& act) {
  const auto began = std::chrono::steady_clock::now();
  act();
  return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - began);
}

/// A negative answer whose SOA allows `ttl` seconds.
std::string no_such_name(const wire::DnsQuery& query, std::uint8_t ttl) {
  auto message = upstream_answer(query, 0, 0, rcode::no_such_name);
  message[9] = 1;
  return message + std::string("\0\0\6\0\1\0\0\1\0\0\x16", 11) + std::string(21, '\0') + static_cast<char>(ttl);
}

TEST_F(DnsWorld, OutsideNamesAreForwardedCachedAndKeepTheAskersSpelling) {
  FakeServer outside("127.0.1.1", [](const auto& query, bool) { return Messages{upstream_answer(query)}; });
  serve(small_view({"127.0.1.1"}));
  EXPECT_EQ(ask(question("example.com")).addresses, Addresses{"1.1.1.1"});
  const auto message = exchange(client(), wire::encode_dns_query(question("EXAMPLE.com")));
  EXPECT_EQ(read(message).addresses, Addresses{"1.1.1.1"});
  EXPECT_NE(message.find("EXAMPLE"), std::string::npos);
  EXPECT_EQ(outside.questions, 1);
  auto cookie = question("example.com");
  cookie.edns = true;
  const std::string option("\0\x0a\0\x02hi", 6);
  cookie.edns_options = {reinterpret_cast<const std::uint8_t*>(option.data()), option.size()};
  EXPECT_EQ(ask(cookie).addresses, Addresses{"1.1.1.1"}) << "a question with options is its own";
  EXPECT_EQ(outside.questions, 2);
  const auto counts = *server->counters(sandbox);
  EXPECT_EQ(counts.outside, 3u);
  EXPECT_EQ(counts.cached, 1u);
}

TEST_F(DnsWorld, EqualQuestionsUnderWayShareOneAnswer) {
  FakeServer outside("127.0.1.1", [](const auto& query, bool) {
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    return Messages{upstream_answer(query)};
  });
  serve(small_view({"127.0.1.1"}));
  std::vector<base::Fd> asking;
  for (int i = 0; i < 20; ++i) {
    asking.push_back(client());
    const auto message = wire::encode_dns_query(question("example.com"));
    send(asking.back().get(), message.data(), message.size(), 0);
  }
  EXPECT_EQ(ask(question("web")).addresses.size(), 1u) << "a local name does not wait";
  for (const auto& socket : asking) EXPECT_EQ(read(receive(socket)).addresses, Addresses{"1.1.1.1"});
  EXPECT_EQ(outside.questions, 1);
}

TEST_F(DnsWorld, LyingAnswersArePassedOver) {
  FakeServer outside("127.0.1.1", [](wire::DnsQuery query, bool) {
    auto other = query;
    other.id = static_cast<std::uint16_t>(query.id + 1);
    auto elsewhere = query;
    elsewhere.name = wire::parse_dns_name_text("evil.com").value();
    return Messages{"x", upstream_answer(other, 5), upstream_answer(elsewhere, 5), wire::encode_dns_query(query),
                    upstream_answer(query)};
  });
  serve(small_view({"127.0.1.1"}));
  EXPECT_EQ(ask(question("example.com")).addresses, Addresses{"1.1.1.1"});
}

TEST_F(DnsWorld, TruncatedAnswersAreFetchedOverTcp) {
  FakeServer outside("127.0.1.1", [](const auto& query, bool tcp) {
    auto whole = upstream_answer(query, 100);
    if (tcp) return Messages{whole};
    auto cut = upstream_answer(query, 0);
    cut[2] = static_cast<char>(cut[2] | 0x02);
    return Messages{cut};
  });
  serve(small_view({"127.0.1.1"}));
  auto query = question("big.example");
  EXPECT_TRUE(ask(query).truncated) << "512 bytes are not enough for it";
  const auto socket = client(SOCK_STREAM);
  const auto message = wire::encode_dns_query(query);
  const auto framed = exchange(socket, std::string{0, static_cast<char>(message.size())} + message);
  ASSERT_GT(framed.size(), 2u);
  EXPECT_EQ(read(framed.substr(2)).addresses.size(), 100u);
  EXPECT_EQ(outside.questions, 2) << "UDP and TCP once, then from the cache";
}

TEST_F(DnsWorld, ASilentServerIsHedgedThenAskedLast) {
  FakeServer silent("127.0.1.1", [](const auto&, bool) { return Messages{}; });
  FakeServer well("127.0.1.2", [](const auto& query, bool) { return Messages{upstream_answer(query)}; });
  serve(small_view({"127.0.1.1", "127.0.1.2"}));
  const auto first = time_of([&] { EXPECT_EQ(ask(question("one.example")).addresses, Addresses{"1.1.1.1"}); });
  EXPECT_GE(first.count(), 450);
  EXPECT_LT(first.count(), 2000);
  EXPECT_LT(time_of([&] { EXPECT_EQ(ask(question("two.example")).addresses, Addresses{"1.1.1.1"}); }).count(), 400);
}

TEST_F(DnsWorld, FailingAndAbsentServersAreLeftAtOnce) {
  FakeServer failing("127.0.1.1", [](const auto& query, bool) {
    return Messages{upstream_answer(query, 0, 0, rcode::server_failure)};
  });
  FakeServer well("127.0.1.2", [](const auto& query, bool) { return Messages{upstream_answer(query)}; });
  serve(small_view({"127.0.1.9", "127.0.1.1", "127.0.1.2"}));
  EXPECT_LT(time_of([&] { EXPECT_EQ(ask(question("one.example")).addresses, Addresses{"1.1.1.1"}); }).count(), 400);
}

TEST_F(DnsWorld, NobodyThereIsAFailureAndNotNoName) {
  serve(small_view({"127.0.1.9"}));
  EXPECT_EQ(ask(question("one.example")).rcode, rcode::server_failure);
  EXPECT_EQ(server->counters(sandbox)->failed, 1u);
}

TEST_F(DnsWorld, PatienceEnds) {
  FakeServer silent("127.0.1.1", [](const auto&, bool) { return Messages{}; });
  Limits limits;
  limits.patience = milliseconds(300);
  limits.hedge_after = milliseconds(50);
  serve(small_view({"127.0.1.1"}), limits);
  const auto took = time_of([&] { EXPECT_EQ(ask(question("one.example")).rcode, rcode::server_failure); });
  EXPECT_GE(took.count(), 250);
  EXPECT_LT(took.count(), 1500);
  EXPECT_EQ(silent.questions, 2) << "asked once more, in case it was lost";
}

TEST_F(DnsWorld, NegativeAnswersAreKeptAsLongAsTheirSoaAllows) {
  FakeServer outside("127.0.1.1", [](const auto& query, bool) { return Messages{no_such_name(query, 1)}; });
  serve(small_view({"127.0.1.1"}));
  EXPECT_EQ(ask(question("no.example")).rcode, rcode::no_such_name);
  EXPECT_EQ(ask(question("no.example")).rcode, rcode::no_such_name);
  EXPECT_EQ(outside.questions, 1);
  std::this_thread::sleep_for(std::chrono::milliseconds(1100));
  EXPECT_EQ(ask(question("no.example")).rcode, rcode::no_such_name);
  EXPECT_EQ(outside.questions, 2);
}

TEST_F(DnsWorld, TooManyUnderWayAreTurnedAwayAtOnce) {
  FakeServer silent("127.0.1.1", [](const auto&, bool) { return Messages{}; });
  Limits limits;
  limits.asked_per_sandbox = 4;
  serve(small_view({"127.0.1.1"}), limits);
  const auto socket = client();
  for (int i = 0; i < 4; ++i) {
    const auto message = wire::encode_dns_query(question("n" + std::to_string(i) + ".example"));
    send(socket.get(), message.data(), message.size(), 0);
  }
  EXPECT_LT(time_of([&] { EXPECT_EQ(ask(question("more.example")).rcode, rcode::server_failure); }).count(), 400);
  EXPECT_EQ(server->counters(sandbox)->overload, 1u);
  EXPECT_EQ(ask(question("web")).addresses.size(), 1u);
}

TEST(DnsCache, ForgetsTheExpiredAndWhatWasNotAskedForLongest) {
  const Time start(std::chrono::seconds(1000));
  Cache cache(10'000);
  for (int i = 0; i < 20; ++i)
    cache.store({std::to_string(i), std::string(500, 'x'), {}, start, start + std::chrono::seconds(i)});
  EXPECT_LE(cache.bytes(), 10'000u);
  EXPECT_EQ(cache.find("0", start), nullptr) << "made room";
  EXPECT_NE(cache.find("19", start), nullptr);
  EXPECT_EQ(cache.find("19", start + std::chrono::seconds(19)), nullptr) << "expired";
  cache.store({"huge", std::string(9'000, 'x'), {}, start, start + std::chrono::seconds(9)});
  EXPECT_EQ(cache.find("huge", start), nullptr);
  EXPECT_NE(cache.find("18", start), nullptr);
}

}  // namespace
}  // namespace fairlead::dns
