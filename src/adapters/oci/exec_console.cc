#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "adapters/oci/exec.h"

namespace fairlead::oci {
namespace {

constexpr int kLimit = 30'000;  ///< ms

base::Fd received_descriptor(int connection) {
  char data[4096];
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))];
  iovec part{.iov_base = data, .iov_len = sizeof data};
  msghdr message{.msg_iov = &part, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
  if (::recvmsg(connection, &message, MSG_CMSG_CLOEXEC) < 0) return {};
  const auto* header = CMSG_FIRSTHDR(&message);
  if (header == nullptr || header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) return {};
  int fd = -1;
  std::memcpy(&fd, CMSG_DATA(header), sizeof fd);
  return base::Fd(fd);
}

}  // namespace

base::Result<ConsoleSocket> ConsoleSocket::listen(const std::filesystem::path& dir, const std::string& name) {
  ConsoleSocket made;
  made.dir_.reset(::open(dir.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  made.socket_.reset(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!made.dir_ || !made.socket_) return base::fail_errno(errno, "cannot make a console socket");
  made.name_ = name;
  sockaddr_un address{.sun_family = AF_UNIX};
  std::strncpy(address.sun_path, made.path().c_str(), sizeof address.sun_path - 1);
  if (::bind(made.socket_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
      ::listen(made.socket_.get(), 1) != 0)
    return base::fail_errno(errno, "cannot make a console socket");
  return made;
}

ConsoleSocket::~ConsoleSocket() {
  if (dir_) ::unlinkat(dir_.get(), name_.c_str(), 0);
}

std::string ConsoleSocket::path() const {
  return fmt::format("/proc/{}/fd/{}/{}", ::getpid(), dir_.get(), name_);
}

base::Fd ConsoleSocket::receive(int pidfd) const {
  pollfd waiting[2] = {{.fd = socket_.get(), .events = POLLIN}, {.fd = pidfd, .events = POLLIN}};
  int ready = 0;
  do {
    ready = ::poll(waiting, 2, kLimit);
  } while (ready < 0 && errno == EINTR);
  if (ready <= 0 || waiting[0].revents == 0) return {};
  const base::Fd connection(::accept4(socket_.get(), nullptr, nullptr, SOCK_CLOEXEC));
  if (!connection) return {};
  pollfd sent[2] = {{.fd = connection.get(), .events = POLLIN}, {.fd = pidfd, .events = POLLIN}};
  do {
    ready = ::poll(sent, 2, kLimit);
  } while (ready < 0 && errno == EINTR);
  return ready > 0 && sent[0].revents != 0 ? received_descriptor(connection.get()) : base::Fd();
}

}  // namespace fairlead::oci
