#include "doors/docker/server.h"

#include <gmock/gmock.h>
#include <sys/stat.h>

#include "door.h"
#include "doors/docker/stream_routes.h"

namespace fairlead::docker {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

Task<void> echo(Exchange& exchange, std::vector<std::string>) {
  const auto body = co_await exchange.body(1 << 20);
  if (!body) co_return co_await exchange.error(body.error());
  co_await exchange.text(200, "text/plain", fmt::format("{}:{}", body->size(), body->substr(0, 40)));
}

Task<void> throws(Exchange&, std::vector<std::string>) {
  throw std::runtime_error("boiler burst");
  co_return;
}

Task<void> counts(Exchange& exchange, std::vector<std::string>) {
  int ends[2];
  EXPECT_EQ(::pipe(ends), 0);
  base::Fd reading(ends[0]);
  auto total = std::async(std::launch::async, [fd = reading.get()] {
    std::size_t sum = 0;
    char buffer[65536];
    for (ssize_t got; (got = ::read(fd, buffer, sizeof buffer)) > 0;) sum += static_cast<std::size_t>(got);
    return sum;
  });
  const auto copied = co_await exchange.body_into(base::Fd(ends[1]));
  const auto sum = total.get();
  co_await exchange.text(200, "text/plain", copied ? std::to_string(sum) : copied.error().text);
}

Task<void> takes_over(Exchange& exchange, std::vector<std::string>) {
  auto hijacked = co_await exchange.hijack("application/vnd.docker.multiplexed-stream");
  if (!hijacked) co_return;
  const auto text = "got<" + hijacked->ahead + ">";
  ::send(hijacked->socket.get(), text.data(), text.size(), MSG_NOSIGNAL);
}

Task<void> trickles(Exchange& exchange, std::vector<std::string> pieces) {
  co_await exchange.begin_stream(200, "text/plain");
  for (int i = 0; i < 3; ++i) co_await exchange.write(fmt::format("{} {};", pieces[0], i));
}

std::vector<Route> routes(engine::Service& service) {
  auto all = system_routes(service);
  for (auto& route : missing_routes()) all.push_back(std::move(route));
  all.push_back({"POST", "/echo", echo});
  all.push_back({"POST", "/count", counts});
  all.push_back({"GET", "/throw", throws});
  all.push_back({"GET", "/silent", [](Exchange&, std::vector<std::string>) -> Task<void> { co_return; }});
  all.push_back({"POST", "/over", takes_over});
  all.push_back({"GET", "/trickle/{}", trickles});
  all.push_back({"GET", "/things/{*}/json", trickles});
  return all;
}

const std::string ping = "GET /_ping HTTP/1.1\r\nHost: d\r\n\r\n";

TEST(Server, PingCarriesWhatClientsNegotiateBy) {
  Door door(routes);
  const auto answer = door.talk("HEAD /_ping HTTP/1.1\r\nHost: d\r\n\r\n");
  EXPECT_EQ(status_line(answer), "HTTP/1.1 200 OK");
  for (const char* line : {"Api-Version: 1.51", "Docker-Experimental: false", "Ostype: linux", "Builder-Version: 1",
                           "Swarm: inactive", "Cache-Control: no-cache", "Server: fairlead/1.2.3 (linux)"})
    EXPECT_THAT(answer, HasSubstr(line));
  EXPECT_TRUE(answer.ends_with("\r\n\r\n")) << "HEAD has no body";
  EXPECT_TRUE(door.talk(ping).ends_with("\r\n\r\nOK"));
}

TEST(Server, KeepsConnectionsAndAnswersPipelinedRequestsInOrder) {
  Door door(routes);
  auto client = door.connect();
  client.send(ping + "POST /echo HTTP/1.1\r\nHost: d\r\nContent-Length: 3\r\n\r\nabc" +
              "GET /v1.30/nowhere HTTP/1.1\r\nHost: d\r\n\r\n" + "GET /trickle/x HTTP/1.1\r\nHost: d\r\n\r\n" + ping);
  EXPECT_THAT(client.answer(), HasSubstr("\r\n\r\nOK"));
  EXPECT_THAT(client.answer(), HasSubstr("3:abc"));
  EXPECT_THAT(client.answer(), HasSubstr("{\"message\":\"page not found\"}"));
  EXPECT_THAT(client.until("\r\n\r\nOK"), HasSubstr("4\r\nx 0;\r\n4\r\nx 1;\r\n4\r\nx 2;\r\n0\r\n\r\nHTTP/1.1 200"));
  EXPECT_TRUE(client.is_quiet(50)) << "still open";
}

TEST(Server, MalformedRequestsGetAFourHundredLineAndAnEnd) {
  Door door(routes);
  for (const std::string bad :
       {"\x16\x03\x01 TLS hello\r\n\r\n", "GET\r\n\r\n", "GET /_ping HTTP/9.9\r\n\r\n",
        "GET /_ping HTTP/1.1\r\nbroken header\r\n\r\n",
        "POST /echo HTTP/1.1\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nabcdef", "GET /_ping HTTP/1.1\r\nHost: d",
        "POST /echo HTTP/1.1\r\nContent-Length: 100\r\n\r\nabc",
        "POST /echo HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"}) {
    const auto answer = door.talk(bad);
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 400 Bad Request\r\n")) << bad;
    EXPECT_THAT(answer, HasSubstr("{\"message\":\"")) << bad;
    EXPECT_THAT(answer, HasSubstr("Connection: close")) << bad;
  }
  EXPECT_EQ(door.talk(""), "");
}

TEST(Server, ATenMebibyteHeaderIsRefused) {
  Door door(routes);
  auto client = door.connect();
  client.send("GET /_ping HTTP/1.1\r\nX-Big: ");
  const std::string piece(1 << 20, 'x');
  for (int i = 0; i < 10 && client.send(piece); ++i) continue;
  EXPECT_EQ(status_line(client.rest()), "HTTP/1.1 431 Request Header Fields Too Large");
}

TEST(Server, BadPathsAndVersionsAreRefusedInDockersWords) {
  Door door(routes);
  const auto get = [&](const std::string& target) {
    return door.talk("GET " + target + " HTTP/1.1\r\nHost: d\r\n\r\n");
  };
  for (const char* target : {"/../etc", "/containers/../../x", "/a//b", "/%zz", "/%2e%2e/x", "/a%00b", "/_ping?x=%4"})
    EXPECT_EQ(status_line(get(target)), "HTTP/1.1 400 Bad Request") << target;
  EXPECT_THAT(get("/v1.20/_ping"), HasSubstr("client version 1.20 is too old. Minimum supported API version is 1.24, "
                                             "please upgrade your client to a newer version"));
  EXPECT_THAT(get("/v1.52/_ping"), HasSubstr("client version 1.52 is too new. Maximum supported API version is 1.51"));
  EXPECT_EQ(status_line(get("/v1.21/_ping")), "HTTP/1.1 200 OK");
  EXPECT_THAT(get("/things/reg:5000/a/b/json"), HasSubstr("reg:5000/a/b 0;"));
}

TEST(Server, WhatIsNotServedIsSaidPlainly) {
  Door door(routes);
  const auto answer = door.talk("POST /v1.41/containers/x/pause HTTP/1.1\r\nHost: d\r\n\r\n");
  EXPECT_EQ(status_line(answer), "HTTP/1.1 501 Not Implemented");
  EXPECT_THAT(answer, HasSubstr("pausing containers"));
  EXPECT_EQ(status_line(door.talk("GET /services?x=1 HTTP/1.1\r\nHost: d\r\n\r\n")),
            "HTTP/1.1 503 Service Unavailable");
}

TEST(Server, BodiesOfAllKindsArrive) {
  Door door(routes);
  EXPECT_THAT(
      door.talk("POST /echo HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nabcd\r\n6;x=y\r\nefghij\r\n0\r\n\r\n"),
      HasSubstr("10:abcdefghij"));
  auto client = door.connect();
  client.send("POST /echo HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
  EXPECT_EQ(client.until("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
  client.send("ok");
  EXPECT_THAT(client.answer(), HasSubstr("2:ok"));
  const std::string large(5 << 20, 'z');
  EXPECT_THAT(door.talk(fmt::format("POST /count HTTP/1.1\r\nContent-Length: {}\r\n\r\n{}", large.size(), large)),
              HasSubstr("\r\n\r\n5242880"));
  EXPECT_THAT(door.talk(fmt::format("POST /echo HTTP/1.1\r\nContent-Length: {}\r\n\r\n{}", large.size(), large)),
              HasSubstr("request body is larger than 1048576 bytes"));
}

TEST(Server, AnUnreadBodyDoesNotSpoilTheNextRequest) {
  Door door(routes);
  auto client = door.connect();
  client.send("GET /_ping HTTP/1.1\r\nContent-Length: 5\r\n\r\nGET /" + ping);
  EXPECT_THAT(client.answer(), HasSubstr("OK"));
  EXPECT_THAT(client.answer(), HasSubstr("OK"));
}

TEST(Server, FailuresInsideAHandlerAreFiveHundreds) {
  Door door(routes);
  auto client = door.connect();
  client.send("GET /throw HTTP/1.1\r\n\r\n");
  const auto answer = client.rest();
  EXPECT_EQ(status_line(answer), "HTTP/1.1 500 Internal Server Error");
  EXPECT_THAT(answer, HasSubstr("boiler burst"));
  EXPECT_EQ(status_line(door.talk("GET /silent HTTP/1.1\r\n\r\n")), "HTTP/1.1 500 Internal Server Error");
}

TEST(Server, SlowAndSilentClientsBlockNobodyAndAreEnded) {
  Limits limits;
  limits.header_time = std::chrono::seconds(1);
  Door door(routes, limits);
  auto silent = door.connect(), slow = door.connect();
  slow.send("GET /_pi");
  const auto begun = std::chrono::steady_clock::now();
  EXPECT_THAT(door.talk(ping), HasSubstr("OK"));
  EXPECT_LT(std::chrono::steady_clock::now() - begun, std::chrono::milliseconds(500));
  EXPECT_EQ(slow.rest(), "");
  EXPECT_TRUE(silent.is_quiet(100)) << "an idle connection is kept";
}

TEST(Server, HijackKeepsWhatTheClientSentAhead) {
  Door door(routes);
  const auto upgraded = door.talk("POST /over HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\nahead");
  EXPECT_THAT(upgraded, StartsWith("HTTP/1.1 101 UPGRADED\r\n"));
  EXPECT_THAT(upgraded, HasSubstr("Content-Type: application/vnd.docker.multiplexed-stream\r\n"));
  EXPECT_THAT(upgraded, HasSubstr("Connection: Upgrade\r\nUpgrade: tcp\r\n"));
  EXPECT_TRUE(upgraded.ends_with("got<ahead>"));
  const auto plain = door.talk("POST /over HTTP/1.1\r\nContent-Length: 2\r\n\r\n{}more");
  EXPECT_THAT(plain, StartsWith("HTTP/1.1 200 OK\r\n"));
  EXPECT_THAT(plain, HasSubstr("application/vnd.docker.raw-stream"));
  EXPECT_TRUE(plain.ends_with("got<more>"));
}

TEST(Server, StopEndsConnections) {
  Door door(routes);
  auto client = door.connect();
  client.send(ping);
  EXPECT_THAT(client.answer(), HasSubstr("OK"));
  door.on_engine([&] { door.server().stop(); });
  EXPECT_EQ(client.rest(), "");
  EXPECT_LT(door.connect().fd(), 0);
}

TEST(BindUnix, ReplacesADeadSocketAndNothingElse) {
  support::ScratchDir folder;
  const auto path = (folder / "sub/x.sock").string();
  {
    const auto first = bind_unix(path, 0660, std::nullopt);
    ASSERT_TRUE(first.has_value());
    struct stat info{};
    ASSERT_EQ(::stat(path.c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 0777u, 0660u);
    EXPECT_EQ(bind_unix(path, 0660, std::nullopt).error().kind, base::ErrorKind::conflict);
  }
  EXPECT_TRUE(bind_unix(path, 0600, std::nullopt).has_value()) << "nobody listens any more";
  EXPECT_EQ(bind_unix(folder.path().string(), 0660, std::nullopt).error().kind, base::ErrorKind::invalid);
  EXPECT_EQ(bind_unix("/tmp/" + std::string(120, 'x'), 0660, std::nullopt).error().kind, base::ErrorKind::invalid);
  EXPECT_EQ(bind_unix(path, 0660, "no-such-group").error().text, "group no-such-group not found");
}

}  // namespace
}  // namespace fairlead::docker
