/// The holder's side.
#include <poll.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <array>
#include <cstdio>
#include <cstring>
#include <vector>

#include "base/descriptor_limit.h"
#include "daemon/holder.h"

namespace fairlead::daemon {
namespace {

constexpr timeval kPatience{5, 0};

/// Libraries that this process never calls stay resident from their start-up. Mappings that can be read again from
/// their file are given back; what was changed (Anonymous) is not.
void give_back_memory() {
  FILE* maps = std::fopen("/proc/self/smaps", "re");
  if (maps == nullptr) return;
  std::vector<std::pair<std::uintptr_t, std::size_t>> clean;
  unsigned long from = 0, to = 0;
  char line[512], permissions[8] = {};
  bool candidate = false;
  while (std::fgets(line, sizeof line, maps) != nullptr) {
    unsigned long kib = 0;
    if (std::sscanf(line, "%lx-%lx %7s", &from, &to, permissions) == 3) {
      candidate = permissions[1] == '-' && permissions[3] == 'p' && std::strchr(line, '/') != nullptr;
    } else if (candidate && std::sscanf(line, "Anonymous: %lu kB", &kib) == 1 && kib == 0) {
      clean.emplace_back(from, to - from);
    }
  }
  std::fclose(maps);
  for (const auto& [start, size] : clean) madvise(reinterpret_cast<void*>(start), size, MADV_DONTNEED);
}

bool is_root(int socket) {
  ucred peer{};
  socklen_t size = sizeof peer;
  return getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 && peer.uid == 0;
}

class Keeper {
 public:
  Keeper(base::Fd listener, std::string path) : listener_(std::move(listener)), path_(std::move(path)) {
    struct stat info{};
    if (stat(path_.c_str(), &info) == 0) inode_ = info.st_ino;
    // That the last name of an open file goes is told as a change of its attributes (inotify(7)).
    inotify_add_watch(placed_.get(), path_.c_str(), IN_ATTRIB | IN_DELETE_SELF | IN_MOVE_SELF);
  }

  int run() {
    // The first daemon connected or is about to: it comes before the question whether anybody is there.
    for (bool met = false; is_placed();) {
      auto waiting = sockets();
      if (poll(waiting.data(), waiting.size(), -1) < 0) {
        if (errno == EINTR) continue;
        return 1;
      }
      for (std::size_t i = clients_.size(); i-- > 0;) {
        if (waiting[i + 2].revents != 0 && !serve(clients_[i].get()))
          clients_.erase(clients_.begin() + static_cast<std::ptrdiff_t>(i));
      }
      if (waiting[0].revents != 0) met = admit() || met;
      if (waiting[1].revents != 0) forget_notices();
      if (met && clients_.empty() && kept_.empty()) return leave();
    }
    return 0;
  }

 private:
  /// Whether the socket in the file system is still this one's.
  bool is_placed() const {
    struct stat info{};
    return stat(path_.c_str(), &info) == 0 && info.st_ino == inode_;
  }
  void forget_notices() const {
    std::array<char, 4096> notices;
    while (read(placed_.get(), notices.data(), notices.size()) > 0) {
    }
  }
  int leave() const {
    if (is_placed()) unlink(path_.c_str());
    return 0;
  }
  std::vector<pollfd> sockets() const {
    std::vector<pollfd> all{{listener_.get(), POLLIN, 0}, {placed_.get(), POLLIN, 0}};
    for (const auto& client : clients_) all.push_back({client.get(), POLLIN, 0});
    return all;
  }
  bool admit() {
    base::Fd client(accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    if (!client || !is_root(client.get())) return false;
    for (const int option : {SO_RCVTIMEO, SO_SNDTIMEO})
      setsockopt(client.get(), SOL_SOCKET, option, &kPatience, sizeof kPatience);
    clients_.push_back(std::move(client));
    return true;
  }
  bool serve(int client) {
    auto message = receive_holder_message(client);
    if (!message) return false;
    if (message->kind == HolderMessage::keep) {
      for (std::size_t i = 0; i < message->keys.size(); ++i)
        kept_.insert_or_assign(std::move(message->keys[i]), std::move(message->sockets[i]));
    }
    if (message->kind == HolderMessage::drop) {
      for (const auto& key : message->keys) kept_.erase(key);
    }
    if (message->kind == HolderMessage::take && !give(client, message->keys.empty() ? "" : message->keys.front()))
      return false;
    return send_holder_message(client, HolderMessage::done).has_value();
  }
  bool give(int client, const std::string& prefix) const {
    std::vector<std::string> keys;
    std::vector<int> fds;
    const auto send = [&] {
      const bool sent = keys.empty() || send_holder_message(client, HolderMessage::kept, keys, fds);
      keys.clear();
      fds.clear();
      return sent;
    };
    for (auto at = kept_.lower_bound(prefix); at != kept_.end() && at->first.starts_with(prefix); ++at) {
      keys.push_back(at->first);
      fds.push_back(at->second.get());
      if (keys.size() == kMostHolderKeys && !send()) return false;
    }
    return send();
  }

  base::Fd listener_;
  base::Fd placed_{inotify_init1(IN_CLOEXEC | IN_NONBLOCK)};  ///< tells when the socket's file goes
  std::string path_;
  ino_t inode_ = 0;
  std::vector<base::Fd> clients_;
  std::map<std::string, base::Fd> kept_;
};

}  // namespace

int run_holder(base::Fd listener, const std::string& path) {
  prctl(PR_SET_NAME, "fairlead-holder");
  base::raise_descriptor_limit();
  give_back_memory();
  return Keeper(std::move(listener), path).run();
}

}  // namespace fairlead::daemon
