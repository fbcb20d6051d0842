#pragma once
/// A server on a real unix socket, with a fake engine behind it, on a thread of its own.
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <cstring>
#include <future>
#include <thread>

#include "doors/docker/bind_unix.h"
#include "doors/docker/server.h"
#include "support/fake_service.h"
#include "support/scratch_dir.h"

namespace fairlead::docker {

/// A client's blocking socket with a time limit on every read.
class Client {
 public:
  explicit Client(const std::string& path) : fd_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
    if (::connect(fd_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) fd_.reset();
    const timeval limit{10, 0};
    ::setsockopt(fd_.get(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  }
  int fd() const { return fd_.get(); }
  void close() { fd_.reset(); }
  void end_sending() { ::shutdown(fd_.get(), SHUT_WR); }
  bool send(std::string_view bytes) {
    while (!bytes.empty()) {
      const auto sent = ::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent < 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
  }
  /// Everything up to the server's end of the connection.
  std::string rest() {
    std::string all;
    while (!read_some(all).empty()) continue;
    return all;
  }
  /// Reads on until `end` has come; all that was read.
  std::string until(std::string_view end) {
    std::string all;
    while (all.find(end) == std::string::npos && !read_some(all).empty()) continue;
    return all;
  }
  /// One answer with a Content-Length, whole.
  std::string answer() {
    std::string head;
    while (!head.ends_with("\r\n\r\n")) {
      char c = 0;
      if (::recv(fd_.get(), &c, 1, 0) != 1) return head;
      head += c;
    }
    const auto at = head.find("Content-Length: ");
    std::string body(at == std::string::npos ? 0 : std::stoul(head.substr(at + 16)), '\0');
    if (!body.empty()) ::recv(fd_.get(), body.data(), body.size(), MSG_WAITALL);
    return head + body;
  }
  bool is_quiet(int milliseconds) const {
    pollfd wait{fd_.get(), POLLIN, 0};
    return ::poll(&wait, 1, milliseconds) == 0;
  }

 private:
  std::string_view read_some(std::string& all) {
    char buffer[65536];
    const auto got = ::recv(fd_.get(), buffer, sizeof buffer, 0);
    if (got <= 0) return {};
    all.append(buffer, static_cast<std::size_t>(got));
    return std::string_view(all).substr(all.size() - static_cast<std::size_t>(got));
  }
  base::Fd fd_;
};

class Door {
 public:
  using MakeRoutes = std::function<std::vector<Route>(engine::Service&)>;
  explicit Door(const MakeRoutes& routes, Limits limits = {}) : path_(folder_ / "docker.sock") {
    server_.emplace(
        io_,
        ServerOptions{
            .version = "1.2.3", .routes = routes(service), .limits = limits, .sweep = std::chrono::milliseconds(20)});
    auto socket = bind_unix(path_, 0660, std::nullopt);
    EXPECT_TRUE(socket.has_value());
    EXPECT_TRUE(server_->listen(std::move(*socket)).has_value());
    thread_ = std::thread([this] {
      const auto guard = boost::asio::make_work_guard(io_);
      io_.run();
    });
  }
  ~Door() {
    io_.stop();
    thread_.join();
    // They hold timers, which must not outlive their io_context.
    service.waits.clear();
    service.attaches.clear();
    service.exec_ends.clear();
    service.subscribers.clear();
  }
  Client connect() const { return Client(path_); }
  const std::string& path() const { return path_; }
  Server& server() { return *server_; }

  /// Runs `work` on the engine's thread and gives its value.
  template <class Work>
  auto on_engine(Work work) {
    std::packaged_task<std::invoke_result_t<Work>()> task(std::move(work));
    auto value = task.get_future();
    boost::asio::post(io_, [&task] { task(); });
    return value.get();
  }
  /// Waits until `condition` holds on the engine's thread; false after five seconds.
  bool until(const std::function<bool()>& condition) {
    for (int i = 0; i < 500; ++i) {
      if (on_engine(condition)) return true;
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    return false;
  }
  /// Sends `request` on a new connection, ends our side, and gives all that comes.
  std::string talk(std::string_view request) const {
    auto client = connect();
    client.send(request);
    client.end_sending();
    return client.rest();
  }

  support::FakeService service;

 private:
  support::ScratchDir folder_;
  std::string path_;
  boost::asio::io_context io_{1};
  std::optional<Server> server_;
  std::thread thread_;
};

inline std::string status_line(const std::string& answer) {
  return answer.substr(0, answer.find('\r'));
}

}  // namespace fairlead::docker
