#include "streams.h"

namespace fairlead::docker {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

const std::string attach_all = "POST /v1.51/containers/web1/attach?stream=1&stdin=1&stdout=1&stderr=1";

/// conmon's side of an attachment, once the door asked for it.
struct Conmon {
  explicit Conmon(StreamDoor& door) {
    auto [theirs, ours] = StreamDoor::pair(SOCK_SEQPACKET);
    socket = std::move(ours);
    EXPECT_TRUE(door.until([&] { return !door.service.attaches.empty(); }));
    door.on_engine([&] {
      door.service.attaches.back()(std::move(theirs));
      door.service.attaches.pop_back();
    });
  }
  void write(char kind, std::string_view text) const {
    std::string packet(1, kind);
    packet += text;
    EXPECT_EQ(::send(socket.get(), packet.data(), packet.size(), MSG_NOSIGNAL), static_cast<ssize_t>(packet.size()));
  }
  std::string read() const {
    char buffer[32 << 10];
    const auto got = ::recv(socket.get(), buffer, sizeof buffer, 0);
    return {buffer, static_cast<std::size_t>(std::max<ssize_t>(got, 0))};
  }
  base::Fd socket;
};

TEST(Attach, FramesBothStreamsAndEndsWithTheContainer) {
  StreamDoor door;
  auto client = door.ask(attach_all);
  {
    const Conmon conmon(door);
    EXPECT_THAT(client.until("\r\n\r\n"), StartsWith("HTTP/1.1 101 UPGRADED\r\n"));
    conmon.write(2, "out");
    conmon.write(3, "err");
    client.send("typed");
    EXPECT_EQ(conmon.read(), "typed");
    client.end_sending();
    EXPECT_EQ(conmon.read(), "") << "end of standard input";
    conmon.write(2, "last");
  }
  EXPECT_EQ(client.rest(), frame(1, "out") + frame(2, "err") + frame(1, "last"));
}

TEST(Attach, OlderClientsGetTheOlderContentType) {
  StreamDoor door;
  auto client = door.ask("POST /v1.41/containers/web1/attach?stream=1&stdout=1");
  const Conmon conmon(door);
  EXPECT_THAT(client.until("\r\n\r\n"), HasSubstr("Content-Type: application/vnd.docker.raw-stream"));
}

TEST(Attach, OnlyTheStreamsAskedForCome) {
  StreamDoor door;
  auto client = door.ask("POST /containers/web1/attach?stream=1&stderr=1");
  {
    const Conmon conmon(door);
    client.until("\r\n\r\n");
    client.end_sending();
    conmon.write(2, "not this");
    conmon.write(3, "this");
    EXPECT_FALSE(client.is_quiet(2000)) << "a client that only ended its side is still there";
  }
  EXPECT_EQ(client.rest(), frame(2, "this"));
}

TEST(Attach, ATerminalIsRawAndDetachesByKeys) {
  StreamDoor door(true);
  auto client = door.ask(attach_all + "&detachKeys=ctrl-a,b");
  const Conmon conmon(door);
  EXPECT_THAT(client.until("\r\n\r\n"), HasSubstr("application/vnd.docker.raw-stream"));
  conmon.write(2, "prompt$ ");
  EXPECT_EQ(client.until("$ "), "prompt$ ");
  client.send("x\x01");
  EXPECT_EQ(conmon.read(), "x") << "the first key is held back";
  client.send("c");
  EXPECT_EQ(conmon.read(),
            "\x01"
            "c");
  client.send(
      "\x01"
      "bmore");
  client.end_sending();
  EXPECT_EQ(client.rest(), "");
  EXPECT_EQ(conmon.read(), "") << "the connection to conmon is dropped";
}

TEST(Attach, BadDetachKeysAreRefused) {
  StreamDoor door;
  EXPECT_THAT(door.ask(attach_all + "&detachKeys=ctrl-nix").answer(),
              HasSubstr("Invalid detach keys (ctrl-nix) provided"));
  EXPECT_THAT(door.ask("POST /containers/nobody/attach?stream=1").answer(), HasSubstr("No such container: nobody"));
}

TEST(Attach, WaitsForAContainerThatIsYetToStart) {
  StreamDoor door(false, engine::Phase::created);
  auto client = door.ask(attach_all);
  EXPECT_THAT(client.until("\r\n\r\n"), StartsWith("HTTP/1.1 101"))
      << "answered before there is a container to attach to";
  client.send("early");
  const Conmon conmon(door);
  EXPECT_EQ(conmon.read(), "early");
}

TEST(Attach, GivesUpWhenTheClientLeavesOrTheStartFails) {
  StreamDoor door(false, engine::Phase::created);
  auto client = door.ask(attach_all);
  client.until("\r\n\r\n");
  client.close();
  EXPECT_TRUE(door.until([&] { return door.service.given_up == 1; }));
  auto second = door.ask(attach_all);
  second.until("\r\n\r\n");
  door.on_engine([&] { door.service.attaches.back()(base::fail(base::ErrorKind::internal, "no start")); });
  second.end_sending();
  EXPECT_EQ(second.rest(), "");
}

TEST(Attach, AClientThatVanishesFreesConmon) {
  StreamDoor door;
  auto client = door.ask(attach_all);
  const Conmon conmon(door);
  client.until("\r\n\r\n");
  client.close();
  EXPECT_EQ(conmon.read(), "");
}

TEST(Attach, AHundredMebibytesComeThroughBothWays) {
  StreamDoor door;
  auto client = door.ask(attach_all);
  auto conmon = std::make_optional<Conmon>(door);
  client.until("\r\n\r\n");
  constexpr std::size_t total = 100u << 20, packet = 8192;
  auto writer = std::async(std::launch::async, [&] {
    std::string text(packet, ' ');
    for (std::size_t sent = 0; sent < total; sent += packet) {
      for (std::size_t i = 0; i < packet; i += 8) std::memcpy(text.data() + i, &sent, 8);
      conmon->write(2, text);
    }
    ::shutdown(conmon->socket.get(), SHUT_WR);
  });
  auto typist = std::async(std::launch::async, [&] {
    const std::string piece(64 << 10, 'i');
    for (int i = 0; i < 64; ++i) client.send(piece);
    client.end_sending();
  });
  auto reader = std::async(std::launch::async, [&] {
    std::size_t typed = 0;
    for (std::string piece; !(piece = conmon->read()).empty();) typed += piece.size();
    return typed;
  });
  const auto begun = std::chrono::steady_clock::now();
  const auto all = client.rest();
  RecordProperty("milliseconds",
                 static_cast<int>((std::chrono::steady_clock::now() - begun) / std::chrono::milliseconds(1)));
  writer.get();
  typist.get();
  const auto streams = unframe(all);
  ASSERT_TRUE(streams.has_value());
  ASSERT_EQ((*streams)[1].size(), total);
  for (std::size_t at = 0; at < total; at += packet) {
    std::size_t told = 0;
    std::memcpy(&told, (*streams)[1].data() + at, 8);
    ASSERT_EQ(told, at);
  }
  EXPECT_LE(reader.get(), 4u << 20);
}

TEST(Attach, AStalledClientStallsConmonAndLosesNothing) {
  StreamDoor door;
  auto client = door.ask(attach_all);
  auto conmon = std::make_optional<Conmon>(door);
  client.until("\r\n\r\n");
  const std::string packet = "\x02" + std::string(8192, 's');
  std::size_t sent = 0;
  for (int quiet = 0; quiet < 20;) {
    if (::send(conmon->socket.get(), packet.data(), packet.size(), MSG_DONTWAIT | MSG_NOSIGNAL) > 0) {
      ++sent;
      quiet = 0;
    } else {
      ++quiet;
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
  }
  EXPECT_LT(sent, 200u) << "somebody keeps it in memory";
  conmon.reset();
  const auto streams = unframe(client.rest());
  ASSERT_TRUE(streams.has_value());
  EXPECT_EQ((*streams)[1].size(), sent * 8192);
}

TEST(Resize, TakesTwoNumbers) {
  StreamDoor door(true);
  EXPECT_THAT(door.ask("POST /containers/web1/resize?h=40&w=120").answer(), StartsWith("HTTP/1.1 200 OK"));
  EXPECT_EQ(door.on_engine([&] { return door.service.calls.back(); }), "resize aaaaaaaaaaaa 40x120");
  EXPECT_THAT(door.ask("POST /containers/web1/resize?h=x&w=1").answer(), HasSubstr("invalid resize height \\\"x\\\""));
}

}  // namespace
}  // namespace fairlead::docker
