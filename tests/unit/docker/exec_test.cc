#include <fcntl.h>

#include "streams.h"

namespace fairlead::docker {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

const std::string exec_id(64, 'e');

/// A started exec as the process sees it.
struct Process {
  base::Fd input, output, error;
};

std::pair<base::Fd, base::Fd> make_pipe() {
  int ends[2] = {-1, -1};
  EXPECT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  return {base::Fd(ends[0]), base::Fd(ends[1])};
}

struct ExecDoor : StreamDoor {
  Process process;
  ExecDoor() {
    service.on_start_exec = [this] {
      auto [in_read, in_write] = make_pipe();
      auto [out_read, out_write] = make_pipe();
      auto [err_read, err_write] = make_pipe();
      process = {std::move(in_read), std::move(out_write), std::move(err_write)};
      return engine::ExecStreams{{}, std::move(in_write), std::move(out_read), std::move(err_read)};
    };
  }
  std::string post(const std::string& path, const std::string& body) const {
    auto client = connect();
    client.send(
        fmt::format("POST {} HTTP/1.1\r\nHost: d\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{}",
                    path, body.size(), body));
    return client.answer();
  }
  Client start(const std::string& body = R"({"Detach":false,"Tty":false})") const {
    auto client = connect();
    client.send(
        fmt::format("POST /v1.51/exec/{}/start HTTP/1.1\r\nHost: d\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n"
                    "Content-Length: {}\r\n\r\n{}",
                    exec_id, body.size(), body));
    return client;
  }
  void end(int code) {
    ASSERT_TRUE(until([&] { return !service.exec_ends.empty(); }));
    on_engine([&] {
      service.execs[exec_id].exit_code = code;
      service.execs[exec_id].running = false;
      service.exec_ends.back()();
    });
  }
};

const std::string create_body =
    R"({"AttachStdin":true,"AttachStdout":true,"AttachStderr":true,"Cmd":["cat","-u"],"Env":["A=1"]})";

TEST(Exec, CreatesWithWhatWasAsked) {
  ExecDoor door;
  EXPECT_THAT(door.post("/containers/web1/exec", create_body), HasSubstr("{\"Id\":\"" + exec_id + "\"}"));
  const auto spec = door.on_engine([&] { return door.service.execs[exec_id].spec; });
  EXPECT_EQ(spec.command, (std::vector<std::string>{"cat", "-u"}));
  EXPECT_TRUE(spec.attach_stdin);
  EXPECT_THAT(door.post("/containers/web1/exec", "{}"), HasSubstr("No exec command specified"));
  EXPECT_THAT(door.post("/containers/web1/exec", R"({"Cmd":7})"), StartsWith("HTTP/1.1 400"));
  EXPECT_THAT(door.post("/containers/nobody/exec", create_body), StartsWith("HTTP/1.1 404"));
  EXPECT_THAT(door.ask("GET /exec/" + exec_id + "/json").answer(), HasSubstr("\"ExitCode\":null"));
}

TEST(Exec, CarriesAllThreeStreams) {
  ExecDoor door;
  door.post("/containers/web1/exec", create_body);
  auto client = door.start();
  EXPECT_THAT(client.until("\r\n\r\n"), HasSubstr("application/vnd.docker.multiplexed-stream"));
  client.send("typed");
  char buffer[64];
  EXPECT_EQ(::read(door.process.input.get(), buffer, sizeof buffer), 5);
  client.end_sending();
  EXPECT_EQ(::read(door.process.input.get(), buffer, sizeof buffer), 0);
  EXPECT_EQ(::write(door.process.output.get(), "out", 3), 3);
  EXPECT_EQ(client.until("out"), frame(1, "out"));
  EXPECT_EQ(::write(door.process.error.get(), "err", 3), 3);
  door.process = {};
  EXPECT_EQ(client.until("err"), frame(2, "err"));
  EXPECT_TRUE(client.is_quiet(100)) << "the exit code is not known yet";
  door.end(3);
  EXPECT_EQ(client.rest(), "");
  EXPECT_THAT(door.ask("GET /exec/" + exec_id + "/json").answer(), HasSubstr("\"ExitCode\":3"));
}

TEST(Exec, GoesOnWhenTheClientLeaves) {
  ExecDoor door;
  door.post("/containers/web1/exec", create_body);
  auto client = door.start();
  client.until("\r\n\r\n");
  client.close();
  const std::string megabyte(1 << 20, 'x');
  EXPECT_EQ(::write(door.process.output.get(), megabyte.data(), megabyte.size()), 1 << 20) << "somebody still reads";
  door.process = {};
  door.end(0);
  EXPECT_TRUE(door.until([&] { return door.service.given_up == 1; }));
}

TEST(Exec, DetachedIsReadAndDropped) {
  ExecDoor door;
  door.post("/containers/web1/exec", create_body);
  EXPECT_THAT(door.post("/exec/" + exec_id + "/start", R"({"Detach":true})"), StartsWith("HTTP/1.1 200"));
  const std::string megabyte(1 << 20, 'x');
  EXPECT_EQ(::write(door.process.output.get(), megabyte.data(), megabyte.size()), 1 << 20);
  door.process = {};
  door.end(0);
}

TEST(Exec, StragglersDoNotHoldTheClientForEver) {
  ExecDoor door;
  door.post("/containers/web1/exec", create_body);
  auto client = door.start();
  client.until("\r\n\r\n");
  EXPECT_EQ(::write(door.process.output.get(), "out", 3), 3);
  door.end(0);
  client.end_sending();
  EXPECT_EQ(client.rest(), frame(1, "out"));
}

TEST(Exec, ARuntimesFailureIsPartOfTheStream) {
  ExecDoor door;
  door.post("/containers/web1/exec", create_body);
  door.on_engine([&] { door.service.refuse = base::Error{base::ErrorKind::invalid, "OCI runtime exec failed", {}}; });
  auto client = door.start();
  client.end_sending();
  EXPECT_THAT(client.rest(), testing::EndsWith(frame(1, "OCI runtime exec failed\r\n")));
  door.on_engine([&] { door.service.refuse = base::Error{base::ErrorKind::conflict, "has already run", {}}; });
  EXPECT_THAT(door.start().answer(), StartsWith("HTTP/1.1 409"));
  EXPECT_THAT(door.post("/exec/none/start", "{}"), HasSubstr("No such exec instance: none"));
}

}  // namespace
}  // namespace fairlead::docker
