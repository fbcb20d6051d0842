#include "daemon/holder.h"

#include <spawn.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cstring>

namespace fairlead::daemon {
namespace {

using base::Result;

constexpr int kHolderFd = 3;
constexpr timeval kPatience{2, 0};  // a holder that hangs must not hang the daemon

Result<sockaddr_un> address_of(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path)
    return base::fail(base::ErrorKind::invalid, "too long for a socket's path: " + path);
  std::memcpy(address.sun_path, path.c_str(), path.size());
  return address;
}

Result<base::Fd> open_socket() {
  base::Fd socket(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
  if (!socket) return base::fail_errno(errno, "opening a socket to the holder of sockets");
  for (const int option : {SO_RCVTIMEO, SO_SNDTIMEO})
    setsockopt(socket.get(), SOL_SOCKET, option, &kPatience, sizeof kPatience);
  return socket;
}

/// In a session of its own with no descriptor but the listener, so that neither a signal nor a pipe of ours ends it.
Result<void> spawn(const std::string& program, const std::string& path, int listener) {
  std::array<char*, 4> args{const_cast<char*>(program.c_str()), const_cast<char*>("--holder"),
                            const_cast<char*>(path.c_str()), nullptr};
  std::array<char*, 1> environment{nullptr};
  posix_spawn_file_actions_t files;
  posix_spawnattr_t attributes;
  posix_spawn_file_actions_init(&files);
  posix_spawnattr_init(&attributes);
  sigset_t none;
  sigemptyset(&none);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK);
  for (const int standard : {0, 1, 2}) posix_spawn_file_actions_addopen(&files, standard, "/dev/null", O_RDWR, 0);
  posix_spawn_file_actions_adddup2(&files, listener, kHolderFd);
  posix_spawn_file_actions_addclosefrom_np(&files, kHolderFd + 1);
  pid_t pid = 0;
  const int error = posix_spawn(&pid, program.c_str(), &files, &attributes, args.data(), environment.data());
  posix_spawn_file_actions_destroy(&files);
  posix_spawnattr_destroy(&attributes);
  if (error != 0) return base::fail_errno(error, "starting the holder of sockets");
  return {};
}

}  // namespace

/// False when nobody is there.
Result<bool> Holder::connect() {
  if (connection_) return true;
  auto address = address_of(path_);
  if (!address) return std::unexpected(address.error());
  auto socket = open_socket();
  if (!socket) return std::unexpected(socket.error());
  if (::connect(socket->get(), reinterpret_cast<sockaddr*>(&*address), sizeof *address) != 0) {
    if (errno == ENOENT || errno == ECONNREFUSED) return false;
    return base::fail_errno(errno, "connecting to " + path_);
  }
  connection_ = std::move(*socket);
  return true;
}

Result<void> Holder::start() {
  auto address = address_of(path_);
  if (!address) return std::unexpected(address.error());
  auto listener = open_socket();
  if (!listener) return std::unexpected(listener.error());
  unlink(path_.c_str());
  const auto mask = umask(0177);
  const int bound = bind(listener->get(), reinterpret_cast<sockaddr*>(&*address), sizeof *address);
  umask(mask);
  if (bound != 0 || listen(listener->get(), 8) != 0) return base::fail_errno(errno, "binding " + path_);
  return spawn(program_, path_, listener->get());
}

/// One question, one answer. A holder that just ended (it held nothing) is started again.
Result<void> Holder::ask(HolderMessage::Kind kind, const std::vector<std::string>& keys,
                         const std::vector<int>& sockets) {
  for (int attempt = 0;; ++attempt) {
    auto there = connect();
    if (!there) return std::unexpected(there.error());
    if (!*there) {
      if (kind != HolderMessage::keep) return {};
      if (auto started = start(); !started) return started;
      if (auto now = connect(); !now || !*now)
        return base::fail(base::ErrorKind::internal, "the holder of sockets did not start");
    }
    auto sent = send_holder_message(connection_.get(), kind, keys, sockets);
    if (sent) {
      const auto answer = receive_holder_message(connection_.get());
      if (answer && answer->kind == HolderMessage::done) return {};
      sent = base::fail(base::ErrorKind::internal, "the holder of sockets does not answer");
    }
    connection_.reset();
    if (attempt > 0) return sent;
  }
}

/// As many messages as it takes; `sockets` are as many as the keys, or none.
Result<void> Holder::ask_in_parts(HolderMessage::Kind kind, std::span<const std::string> keys,
                                  std::span<const int> sockets) {
  const std::scoped_lock lock(mutex_);
  while (!keys.empty()) {
    const auto some = keys.first(std::min(keys.size(), kMostHolderKeys));
    const auto with = sockets.first(std::min(sockets.size(), some.size()));
    if (auto done = ask(kind, {some.begin(), some.end()}, {with.begin(), with.end()}); !done) return done;
    keys = keys.subspan(some.size());
    sockets = sockets.subspan(with.size());
  }
  return {};
}

Result<void> Holder::keep(const std::vector<ports::KeptSocket>& sockets) {
  for (const auto& [key, fd] : sockets) {
    if (key.empty() || key.size() > kLongestHolderKey || key.contains('\n'))
      return base::fail(base::ErrorKind::invalid, "an unfit key for the holder of sockets");
  }
  std::vector<std::string> keys;
  std::vector<int> fds;
  for (const auto& [key, fd] : sockets) {
    keys.push_back(key);
    fds.push_back(fd);
  }
  return ask_in_parts(HolderMessage::keep, keys, fds);
}

Result<void> Holder::drop(const std::vector<std::string>& keys) {
  return ask_in_parts(HolderMessage::drop, keys, {});
}

Result<std::map<std::string, base::Fd>> Holder::take(const std::string& prefix) {
  const std::scoped_lock lock(mutex_);
  std::map<std::string, base::Fd> all;
  auto there = connect();
  if (!there) return std::unexpected(there.error());
  if (!*there) return all;
  if (auto sent = send_holder_message(connection_.get(), HolderMessage::take, {prefix}); !sent)
    return std::unexpected(sent.error());
  for (;;) {
    auto message = receive_holder_message(connection_.get());
    if (!message) {
      connection_.reset();
      // It ended between our connecting and asking, which it does only when it holds nothing.
      if (message.error().kind == base::ErrorKind::unavailable && all.empty()) return all;
      return std::unexpected(message.error());
    }
    if (message->kind == HolderMessage::done) return all;
    if (message->kind != HolderMessage::kept) continue;
    for (std::size_t i = 0; i < message->keys.size(); ++i)
      all.insert_or_assign(std::move(message->keys[i]), std::move(message->sockets[i]));
  }
}

}  // namespace fairlead::daemon
