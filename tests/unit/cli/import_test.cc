#include "cli/import.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <thread>

#include "base/fd.h"
#include "support/scratch_dir.h"

namespace fairlead::cli {
namespace {

using ::testing::HasSubstr;

TEST(ImportAnswer, LastStatusIsTheId) {
  EXPECT_EQ(read_import_answer({200, "{\"status\":\"reading\"}\r\n{\"status\":\"sha256:ab\"}\r\n"}).value(),
            "sha256:ab");
}

TEST(ImportAnswer, FailuresAreTold) {
  EXPECT_EQ(read_import_answer({200, "{\"errorDetail\":{\"message\":\"no\"},\"error\":\"no room\"}\n"}).error().text,
            "no room");
  EXPECT_EQ(read_import_answer({400, "{\"message\":\"bad tag\"}\n"}).error().text, "bad tag");
  EXPECT_THAT(read_import_answer({200, ""}).error().text, HasSubstr("named no image"));
  EXPECT_THAT(read_import_answer({502, "<html>"}).error().text, HasSubstr("answered 502"));
  EXPECT_FALSE(read_import_answer({200, "[1]\n7\n\"x\"\n{\"status\":5}\n"}));
}

TEST(Http, Escapes) {
  EXPECT_EQ(escape("CMD [\"sh\"] &=\xc3"), "CMD%20%5B%22sh%22%5D%20%26%3D%C3");
}

TEST(Http, UnderstandsUnixSocketsOnly) {
  EXPECT_EQ(socket_path("unix:///run/x").value(), "/run/x");
  for (const char* host : {"tcp://x", "/run/x", "unix://x", ""}) EXPECT_FALSE(socket_path(host)) << host;
}

// A server that takes one request to its last chunk and gives one answer.
class OneShot {
 public:
  OneShot(const std::string& path, std::string answer) : listening_(::socket(AF_UNIX, SOCK_STREAM, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
    EXPECT_EQ(::bind(listening_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    EXPECT_EQ(::listen(listening_.get(), 1), 0);
    thread_ = std::thread([this, answer = std::move(answer)] {
      const base::Fd client(::accept(listening_.get(), nullptr, nullptr));
      char block[4096];
      while (!request.ends_with("0\r\n\r\n")) {
        const auto got = ::read(client.get(), block, sizeof block);
        if (got <= 0) return;
        request.append(block, static_cast<std::size_t>(got));
      }
      (void)!::write(client.get(), answer.data(), answer.size());
    });
  }
  ~OneShot() { join(); }
  void join() {
    if (thread_.joinable()) thread_.join();
  }
  std::string request;

 private:
  base::Fd listening_;
  std::thread thread_;
};

TEST(Import, SendsTarAndChanges) {
  const support::ScratchDir dir;
  const std::string socket = (dir / "s").string();
  OneShot server(socket, "HTTP/1.1 200 OK\r\nContent-Length: 22\r\n\r\n{\"status\":\"sha256:ab\"}\n");
  int left = 3;
  const auto id = import_image(socket, {"busybox", "latest", {"CMD [\"sh\"]", "ENV A=b"}},
                               [&](std::span<char> room) -> base::Result<std::size_t> {
                                 if (left-- == 0) return 0;
                                 std::memset(room.data(), 'x', 10);
                                 return 10;
                               });
  server.join();
  ASSERT_TRUE(id) << id.error().text;
  EXPECT_EQ(*id, "sha256:ab");
  EXPECT_THAT(
      server.request,
      ::testing::StartsWith(
          "POST /images/create?fromSrc=-&repo=busybox&tag=latest&changes=CMD%20%5B%22sh%22%5D&changes=ENV%20A%3Db "
          "HTTP/1.1\r\n"));
  EXPECT_THAT(server.request, HasSubstr("Transfer-Encoding: chunked"));
}

TEST(Import, SaysWhenNobodyAnswers) {
  const auto id =
      import_image("/nosuch/sock", {"busybox"}, [](std::span<char>) -> base::Result<std::size_t> { return 0; });
  ASSERT_FALSE(id);
  EXPECT_THAT(id.error().text, HasSubstr("is fairleadd running there?"));
}

}  // namespace
}  // namespace fairlead::cli
