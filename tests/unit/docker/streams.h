#pragma once
/// What the stream tests share: a container in the fake engine, and frames read back.
#include <gmock/gmock.h>

#include "door.h"
#include "doors/docker/stream_routes.h"

namespace fairlead::docker {

inline const std::string container_digits(64, 'a');

/// A door with one container, `web1`.
struct StreamDoor : Door {
  explicit StreamDoor(bool tty = false, engine::Phase phase = engine::Phase::running) : Door(stream_routes) {
    engine::Container container;
    container.id = *base::ContainerId::parse(container_digits);
    container.name = "web1";
    container.phase = phase;
    container.spec.process.tty = tty;
    container.spec.process.open_stdin = true;
    container.spec.labels = {{"team", "blue sky"}};
    container.spec.log_options = {{"labels", "team,none"}};
    on_engine([&] { service.held.apply(container); });
  }
  /// A pair of connected sockets, the first for the door.
  static std::pair<base::Fd, base::Fd> pair(int type) {
    int ends[2] = {-1, -1};
    EXPECT_EQ(::socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, ends), 0);
    return {base::Fd(ends[0]), base::Fd(ends[1])};
  }
  Client ask(const std::string& line) const {
    auto client = connect();
    client.send(line + " HTTP/1.1\r\nHost: d\r\nConnection: Upgrade\r\nUpgrade: tcp\r\nContent-Length: 0\r\n\r\n");
    return client;
  }
};

inline std::string frame(int kind, const std::string& text) {
  std::string whole(8, '\0');
  whole[0] = static_cast<char>(kind);
  for (int i = 0; i < 4; ++i) whole[4 + i] = static_cast<char>(text.size() >> (24 - 8 * i));
  return whole + text;
}

/// Splits `bytes` into the two streams; empty when the frames do not fit.
inline std::optional<std::array<std::string, 3>> unframe(std::string_view bytes) {
  std::array<std::string, 3> streams;
  while (!bytes.empty()) {
    if (bytes.size() < 8 || bytes[0] < 1 || bytes[0] > 2) return std::nullopt;
    std::size_t length = 0;
    for (int i = 4; i < 8; ++i) length = length << 8 | static_cast<unsigned char>(bytes[static_cast<std::size_t>(i)]);
    if (bytes.size() - 8 < length) return std::nullopt;
    streams[static_cast<std::size_t>(bytes[0])] += bytes.substr(8, length);
    bytes.remove_prefix(8 + length);
  }
  return streams;
}

inline std::string body_of(const std::string& answer) {
  const auto at = answer.find("\r\n\r\n");
  return at == std::string::npos ? std::string() : answer.substr(at + 4);
}

}  // namespace fairlead::docker
