#include "support/slowness.h"
#include "unit/dns/dns_world.h"

namespace fairlead::dns {
namespace {

using Addresses = std::vector<std::string>;
namespace type = wire::dns_type;
namespace rcode = wire::dns_rcode;

TEST_F(DnsWorld, AnswersNamesInRotationAndNothingElse) {
  serve(small_view());
  EXPECT_EQ(ask(question("WEB")).addresses, Addresses{"172.25.0.2"});
  EXPECT_EQ(ask(question("web", type::aaaa)).addresses, Addresses{"fd00::2"});
  EXPECT_EQ(ask(question("web", type::any)).addresses, Addresses{"172.25.0.2"});
  const auto first = ask(question("db")).addresses, second = ask(question("db")).addresses;
  EXPECT_EQ(first.size(), 2u);
  EXPECT_EQ(first, (Addresses{second.at(1), second.at(0)}));
  const auto nodata = ask(question("db", type::aaaa));
  EXPECT_EQ(nodata.rcode, rcode::no_error);
  EXPECT_TRUE(nodata.addresses.empty());
  EXPECT_EQ(ask(question("web", 15)).rcode, rcode::no_error);
  EXPECT_EQ(ask(question("nobody")).rcode, rcode::no_such_name);
  auto chaos = question("version.bind", 16);
  chaos.klass = 3;
  EXPECT_EQ(ask(chaos).rcode, rcode::refused);
  const auto counts = server->counters(sandbox);
  ASSERT_TRUE(counts);
  EXPECT_EQ(counts->udp, 9u);
  EXPECT_EQ(counts->absent, 1u);
}

TEST_F(DnsWorld, ReverseNamesOfOwnSubnetsStayHere) {
  serve(small_view({"127.0.1.1"}));
  const auto message = exchange(client(), wire::encode_dns_query(question("2.0.25.172.in-addr.arpa", type::ptr)));
  EXPECT_NE(message.find(std::string("\3web\4net1\0", 10)), std::string::npos);
  EXPECT_EQ(ask(question("9.0.25.172.in-addr.arpa", type::ptr)).rcode, rcode::no_such_name);
  EXPECT_EQ(server->counters(sandbox)->outside, 0u);
}

TEST_F(DnsWorld, ANameIsNewAsSoonAsTheUpdateReturned) {
  serve(small_view());
  const auto socket = client();
  for (unsigned i = 0; i < 500; ++i) {
    auto view = small_view();
    view.links.add("moving", {base::Ip::v4(0x0a000000 + i)});
    server->update(sandbox, std::make_shared<engine::NameView>(std::move(view)));
    ASSERT_EQ(read(exchange(socket, wire::encode_dns_query(question("moving")))).addresses,
              Addresses{base::Ip::v4(0x0a000000 + i).text()});
  }
}

TEST_F(DnsWorld, LongAnswersAreCutOverUdpAndWholeOverTcpOrEdns) {
  serve(small_view());
  auto query = question("many");
  EXPECT_TRUE(ask(query).truncated);
  query.edns = true;
  query.udp_size = 4096;
  EXPECT_EQ(ask(query).addresses.size(), 60u);
  query.edns_version = 1;
  EXPECT_EQ(ask(query).rcode, rcode::bad_version & 0x0f);
  const auto message = wire::encode_dns_query(question("many"));
  const auto socket = client(SOCK_STREAM);
  const std::string framed = std::string{0, static_cast<char>(message.size())} + message;
  // In three parts, then two questions at once.
  for (const auto& part : {framed.substr(0, 1), framed.substr(1, 5), framed.substr(6) + framed + framed}) {
    send(socket.get(), part.data(), part.size(), MSG_NOSIGNAL);
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  std::string all;
  while (all.size() < 3 * (2 + 22 + 60 * 16)) {
    const auto more = receive(socket);
    ASSERT_FALSE(more.empty());
    all += more;
  }
  EXPECT_EQ(read(all.substr(2, 22 + 60 * 16)).addresses.size(), 60u);
}

TEST_F(DnsWorld, BrokenQuestionsGetFormatErrorsAndStrayAnswersNothing) {
  serve(small_view());
  const auto socket = client();
  const auto broken = exchange(socket, std::string("\x12\x34\1\0\0\1\0\0\0\0\0\0\xc0\x0c\0\1\0\1", 18));
  EXPECT_EQ(broken, std::string("\x12\x34\x81\x81\0\0\0\0\0\0\0\0", 12));
  EXPECT_EQ(exchange(socket, std::string("\x12\x34\x28\0\0\1\0\0\0\0\0\0", 12)).at(3) & 0x0f, rcode::not_implemented);
  EXPECT_EQ(exchange(socket, std::string(3000, 'x')).at(3) & 0x0f, rcode::format_error);
  const std::string answer("\x12\x34\x81\x80\0\1\0\0\0\0\0\0", 12);
  send(socket.get(), answer.data(), answer.size(), 0);
  EXPECT_EQ(read(exchange(socket, wire::encode_dns_query(question("web")))).addresses, Addresses{"172.25.0.2"});
}

TEST_F(DnsWorld, PortFiftyThreeStaysTheContainers) {
  serve(small_view());
  base::Fd own;
  (void)linuxnet::inside_netns(netns_, [&]() -> base::Result<void> {
    own.reset(::socket(AF_INET, SOCK_DGRAM, 0));
    return {};
  });
  const auto everywhere = address("0.0.0.0");
  ASSERT_EQ(bind(own.get(), reinterpret_cast<const sockaddr*>(&everywhere), sizeof everywhere), 0);
  EXPECT_EQ(ask(question("web")).addresses, Addresses{"172.25.0.2"});
  const auto to = address("127.0.0.1");
  const auto socket = client();
  connect(socket.get(), reinterpret_cast<const sockaddr*>(&to), sizeof to);
  send(socket.get(), "mine", 4, 0);
  sockaddr_in from{};
  socklen_t size = sizeof from;
  char in[16];
  ASSERT_EQ(recvfrom(own.get(), in, sizeof in, 0, reinterpret_cast<sockaddr*>(&from), &size), 4);
  sendto(own.get(), "answer", 6, 0, reinterpret_cast<sockaddr*>(&from), size);
  EXPECT_EQ(receive(socket), "answer");
}

TEST_F(DnsWorld, HostileTcpClientsSlowNobodyAndAreClosed) {
  Limits limits;
  limits.connections_per_sandbox = 8;
  limits.idle_connection = milliseconds(300);
  serve(small_view(), limits);
  std::vector<base::Fd> idle;
  for (int i = 0; i < 20; ++i) idle.push_back(client(SOCK_STREAM));
  const auto giant = client(SOCK_STREAM);
  EXPECT_EQ(exchange(giant,
                     "\xff\xff"
                     "xxxx"),
            "")
      << "a length that no question has ends the connection";
  std::atomic<bool> stop = false;
  std::thread flood([&] {
    const auto socket = client(SOCK_STREAM);
    const auto message = wire::encode_dns_query(question("many"));
    std::string framed;
    for (int i = 0; i < 100; ++i) framed += std::string{0, static_cast<char>(message.size())} + message;
    // Never reads its answers.
    while (!stop) (void)send(socket.get(), framed.data(), framed.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  });
  const auto socket = client();
  auto slowest = std::chrono::steady_clock::duration::zero();
  for (int i = 0; i < 500; ++i) {
    const auto began = std::chrono::steady_clock::now();
    ASSERT_EQ(read(exchange(socket, wire::encode_dns_query(question("web")))).addresses.size(), 1u);
    slowest = std::max(slowest, std::chrono::steady_clock::now() - began);
  }
  stop = true;
  flood.join();
  EXPECT_LT(slowest, std::chrono::milliseconds(250) * support::slowness());
  EXPECT_EQ(receive(idle.back()), "") << "idle ones are closed";
  EXPECT_GE(server->counters(sandbox)->closed_connections, 20u);
}

TEST_F(DnsWorld, SocketsOpenedAnewTakeTheOldOnesPlace) {
  serve(small_view());
  EXPECT_EQ(ask(question("web")).addresses.size(), 1u);
  serve(small_view());
  EXPECT_EQ(ask(question("web")).addresses.size(), 1u);
}

TEST_F(DnsWorld, DroppedSandboxesAnswerNoMoreAndLetTheNamespaceGo) {
  serve(small_view());
  EXPECT_EQ(ask(question("web")).addresses.size(), 1u);
  server->drop(sandbox);
  EXPECT_FALSE(server->counters(sandbox));
  const auto socket = client();
  const timeval short_patience{0, 100'000};
  setsockopt(socket.get(), SOL_SOCKET, SO_RCVTIMEO, &short_patience, sizeof short_patience);
  const auto message = wire::encode_dns_query(question("web"));
  send(socket.get(), message.data(), message.size(), 0);
  EXPECT_EQ(receive(socket), "");
}

TEST_F(DnsWorld, QuestionsWaitInTheSocketsForTheNextServer) {
  const auto resolvers = linuxnet::make_resolvers();
  auto sockets = std::move(*resolvers->open("dnst"));
  const auto view = std::make_shared<engine::NameView>(small_view());
  ports::ResolverSockets kept{base::Fd(dup(sockets.udp.get())), base::Fd(dup(sockets.tcp.get()))};
  server = std::move(*NameServer::start());
  server->serve(sandbox, std::move(sockets), view);
  EXPECT_EQ(ask(question("web")).addresses.size(), 1u);
  server.reset();
  std::vector<base::Fd> asking;
  for (int i = 0; i < 200; ++i) {
    asking.push_back(client());
    const auto message = wire::encode_dns_query(question("web"));
    ASSERT_GT(send(asking.back().get(), message.data(), message.size(), 0), 0);
  }
  server = std::move(*NameServer::start());
  server->serve(sandbox, std::move(kept), view);
  for (const auto& socket : asking) ASSERT_EQ(read(receive(socket)).addresses, Addresses{"172.25.0.2"});
}

TEST_F(DnsWorld, DigAgrees) {
  if (support::sh("command -v dig >/dev/null") != 0) GTEST_SKIP() << "needs dig (bind9-dnsutils)";
  serve(small_view());
  const auto dig = [](const std::string& what) {
    return support::output_of(
        support::inside("dnst", "dig @127.0.0.11 +tries=1 +time=3 +noall +comments +question +answer " + what +
                                    " | sed -e 's/id: [0-9]*/id: N/' -e '/^;; Got answer/d' -e '/^$/d'"));
  };
  EXPECT_EQ(dig("WeB A"),
            ";; ->>HEADER<<- opcode: QUERY, status: NOERROR, id: N\n;; flags: qr rd ra; QUERY: 1, ANSWER: 1, "
            "AUTHORITY: 0, ADDITIONAL: 1\n"
            ";; OPT PSEUDOSECTION:\n; EDNS: version: 0, flags:; udp: 1232\n;; QUESTION "
            "SECTION:\n;WeB.\t\t\t\tIN\tA\n;; ANSWER SECTION:\n"
            "WeB.\t\t\t600\tIN\tA\t172.25.0.2\n");
  EXPECT_EQ(dig("+noedns +tcp -x 172.25.0.2"),
            ";; ->>HEADER<<- opcode: QUERY, status: NOERROR, id: N\n;; flags: qr rd ra; QUERY: 1, ANSWER: 1, "
            "AUTHORITY: 0, ADDITIONAL: 0\n"
            ";; QUESTION SECTION:\n;2.0.25.172.in-addr.arpa.\tIN\tPTR\n;; ANSWER SECTION:\n"
            "2.0.25.172.in-addr.arpa. 600\tIN\tPTR\tweb.net1.\n");
  EXPECT_EQ(dig("+noedns db AAAA"),
            ";; ->>HEADER<<- opcode: QUERY, status: NOERROR, id: N\n;; flags: qr rd ra; QUERY: 1, ANSWER: 0, "
            "AUTHORITY: 0, ADDITIONAL: 0\n"
            ";; QUESTION SECTION:\n;db.\t\t\t\tIN\tAAAA\n");
  EXPECT_EQ(dig("+noedns nobody"),
            ";; ->>HEADER<<- opcode: QUERY, status: NXDOMAIN, id: N\n;; flags: qr rd ra; QUERY: 1, ANSWER: 0, "
            "AUTHORITY: 0, ADDITIONAL: 0\n"
            ";; QUESTION SECTION:\n;nobody.\t\t\t\tIN\tA\n");
}

}  // namespace
}  // namespace fairlead::dns
