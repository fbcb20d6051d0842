#include <fcntl.h>

#include "streams.h"

namespace fairlead::docker {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

const ports::Time moment{std::chrono::nanoseconds(1'700'000'000'000'000'120)};

ports::LogRecord line(std::string text, bool is_error = false) {
  return {moment, is_error, std::move(text)};
}

/// A log with these records, and the query it was opened with.
struct LogDoor : StreamDoor {
  explicit LogDoor(std::vector<ports::LogRecord> records, bool tty = false) : StreamDoor(tty) {
    int ends[2] = {-1, -1};
    EXPECT_EQ(::pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
    changed = base::Fd(ends[0]);
    bell = base::Fd(ends[1]);
    service.fake_runtime.on_logs = [this, records](const ports::LogQuery& asked) {
      query = asked;
      auto stream = std::make_unique<support::FakeLog>();
      if (!records.empty()) stream->pieces.push_back(records);
      stream->changed = base::Fd(::dup(changed.get()));
      log = stream.get();
      return stream;
    };
  }
  support::FakeLog* log = nullptr;
  ports::LogQuery query;
  base::Fd changed, bell;
};

TEST(Logs, AreFramedWithTimesAndDetails) {
  LogDoor door({line("a\n"), line("b\n", true)});
  auto answer = door.ask("GET /containers/web1/logs?stdout=1&stderr=1").until("0\r\n\r\n");
  EXPECT_THAT(answer, HasSubstr("application/vnd.docker.multiplexed-stream"));
  EXPECT_THAT(answer, HasSubstr(frame(1, "a\n") + frame(2, "b\n")));
  answer = door.ask("GET /v1.40/containers/web1/logs?stderr=1&timestamps=1&details=1").until("0\r\n\r\n");
  EXPECT_THAT(answer, HasSubstr("application/vnd.docker.raw-stream"));
  EXPECT_THAT(answer, HasSubstr(frame(2, "2023-11-14T22:13:20.000000120Z team=blue+sky b\n") + "\r\n0"));
}

TEST(Logs, OfATerminalAreRaw) {
  LogDoor door({line("a\r\n")}, true);
  EXPECT_THAT(door.ask("GET /containers/web1/logs?stdout=1").until("0\r\n\r\n"), HasSubstr("\r\n\r\n3\r\na\r\n\r\n0"));
}

TEST(Logs, PassTheQueryOn) {
  LogDoor door({});
  door.ask("GET /containers/web1/logs?stdout=1&tail=5&since=1700000000.5&until=0").until("0\r\n\r\n");
  EXPECT_EQ(door.query.tail, 5);
  EXPECT_EQ(door.query.since, ports::Time(std::chrono::milliseconds(1'700'000'000'500)));
  EXPECT_EQ(door.query.until, std::nullopt);
  door.ask("GET /containers/web1/logs?stdout=1&tail=all").until("0\r\n\r\n");
  EXPECT_EQ(door.query.tail, std::nullopt);
  EXPECT_THAT(door.ask("GET /containers/web1/logs").answer(), HasSubstr("you must choose at least one stream"));
  EXPECT_THAT(door.ask("GET /containers/web1/logs?stdout=1&since=x").answer(), StartsWith("HTTP/1.1 400"));
}

TEST(Logs, FollowUntilTheContainerStops) {
  LogDoor door({line("first")});
  auto client = door.ask("GET /containers/web1/logs?stdout=1&follow=1");
  client.until("first");
  EXPECT_TRUE(client.is_quiet(50));
  door.on_engine([&] {
    door.log->pieces.push_back({line("second")});
    EXPECT_EQ(::write(door.bell.get(), "!", 1), 1);
  });
  client.until("second");
  door.on_engine([&] {
    char drained;
    EXPECT_EQ(::read(door.changed.get(), &drained, 1), 1);
    door.log->pieces.push_back({line("last words")});
    door.service.waits.back()(engine::WaitResult{});
  });
  EXPECT_THAT(client.until("0\r\n\r\n"), HasSubstr("last words"));
}

TEST(Logs, AFollowerThatLeavesIsForgotten) {
  LogDoor door({});
  auto client = door.ask("GET /containers/web1/logs?stdout=1&follow=1");
  client.until("\r\n\r\n");
  client.close();
  EXPECT_TRUE(door.until([&] { return door.service.given_up == 1; }));
}

TEST(Wait, AnswersWhenItIsTime) {
  StreamDoor door;
  auto client = door.ask("POST /containers/web1/wait?condition=next-exit");
  EXPECT_THAT(client.until("\r\n\r\n"), StartsWith("HTTP/1.1 200 OK")) << "headers at once";
  EXPECT_TRUE(client.is_quiet(50));
  door.on_engine([&] { door.service.waits.back()(engine::WaitResult{137, {}}); });
  EXPECT_THAT(client.until("0\r\n\r\n"), HasSubstr("{\"StatusCode\":137}\n"));
  EXPECT_THAT(door.ask("POST /containers/web1/wait?condition=later").answer(), HasSubstr("invalid condition: "));
  auto second = door.ask("POST /containers/web1/wait");
  second.until("\r\n\r\n");
  second.close();
  EXPECT_TRUE(door.until([&] { return door.service.given_up == 2; }));
}

engine::Event event(std::string type, std::string action, int second) {
  return {ports::Time(std::chrono::seconds(1'700'000'000 + second)),
          std::move(type),
          std::move(action),
          container_digits,
          {{"name", "web1"}, {"image", "busybox:latest"}, {"team", "blue"}}};
}

TEST(Events, ComeAsTheyHappenInBothShapes) {
  StreamDoor door;
  auto client = door.ask("GET /events?filters=%7B%22type%22%3A%5B%22container%22%5D%7D");
  client.until("\r\n\r\n");
  door.on_engine([&] {
    door.service.publish(event("network", "connect", 0));
    door.service.publish(event("container", "start", 1));
  });
  const auto got = client.until("\n\r\n");
  EXPECT_THAT(got, HasSubstr("{\"status\":\"start\",\"id\":\"aaaa"));
  EXPECT_THAT(
      got,
      HasSubstr("\"from\":\"busybox:latest\",\"Type\":\"container\",\"Action\":\"start\",\"Actor\":{\"ID\":\"aaaa"));
  EXPECT_THAT(got, HasSubstr("\"scope\":\"local\",\"time\":1700000001,\"timeNano\":1700000001000000000}\n"));
  EXPECT_THAT(got, Not(HasSubstr("network")));
}

TEST(Events, ThePastIsReplayedAndEnds) {
  StreamDoor door;
  door.on_engine([&] {
    for (int i = 0; i < 5; ++i) door.service.past.push_back(event("container", "start", i));
    door.service.fake_clock.time += std::chrono::seconds(10);
  });
  const auto got = door.ask("GET /events?since=1700000001&until=1700000003.000000000").until("0\r\n\r\n");
  EXPECT_THAT(got, Not(HasSubstr("\"time\":1700000000,")));
  for (const char* time : {"1700000001", "1700000002", "1700000003"})
    EXPECT_THAT(got, HasSubstr(std::string("\"time\":") + time));
  EXPECT_THAT(got, Not(HasSubstr("\"time\":1700000004")));
  EXPECT_THAT(door.ask("GET /events?since=5&until=4").answer(), StartsWith("HTTP/1.1 400"));
  EXPECT_THAT(door.ask("GET /events?filters=nonsense").answer(), StartsWith("HTTP/1.1 400"));
}

TEST(DiskUsage, ShowsTheKindsAskedFor) {
  StreamDoor door;
  door.on_engine([&] { door.service.fake_volumes.stored.push_back({.name = "data", .mountpoint = "/nowhere"}); });
  const auto all = door.ask("GET /system/df").answer();
  for (const char* part : {"\"LayersSize\":0", "\"Images\":[]", "\"Id\":\"aaaa",
                           "\"UsageData\":{\"RefCount\":0,\"Size\":0}", "\"BuildCache\":[]"})
    EXPECT_THAT(all, HasSubstr(part));
  EXPECT_EQ(body_of(door.ask("GET /system/df?type=build-cache").answer()), "{\"BuildCache\":[]}\n");
  EXPECT_THAT(door.ask("GET /system/df?type=x").answer(), StartsWith("HTTP/1.1 400"));
}

}  // namespace
}  // namespace fairlead::docker
