#include "daemon/holder_wire.h"

#include <sys/socket.h>

#include <array>
#include <cstring>
#include <string_view>

namespace fairlead::daemon {
namespace {

constexpr std::size_t kDescriptors = 2;
using Control = std::array<char, CMSG_SPACE(kDescriptors * sizeof(int))>;

/// All descriptors that came are owned from here on, wanted or not.
bool take_descriptors(msghdr& header, ports::ResolverSockets& out) {
  std::size_t count = 0;
  for (auto* control = CMSG_FIRSTHDR(&header); control != nullptr; control = CMSG_NXTHDR(&header, control)) {
    if (control->cmsg_level != SOL_SOCKET || control->cmsg_type != SCM_RIGHTS) continue;
    for (std::size_t i = 0; i < (control->cmsg_len - CMSG_LEN(0)) / sizeof(int); ++i, ++count) {
      int fd = -1;
      std::memcpy(&fd, CMSG_DATA(control) + i * sizeof(int), sizeof fd);
      (count == 0 ? out.udp : out.tcp).reset(fd);
    }
  }
  return count == 0 || count == kDescriptors;
}

}  // namespace

base::Result<void> send_holder_message(int socket, HolderMessage::Kind kind, const std::string& key,
                                       const ports::ResolverSockets* sockets) {
  std::string text(1, kind);
  text += key;
  iovec part{text.data(), text.size()};
  alignas(cmsghdr) Control control{};
  msghdr header{.msg_iov = &part, .msg_iovlen = 1};
  if (sockets != nullptr) {
    header.msg_control = control.data();
    header.msg_controllen = control.size();
    auto* rights = CMSG_FIRSTHDR(&header);
    rights->cmsg_level = SOL_SOCKET;
    rights->cmsg_type = SCM_RIGHTS;
    rights->cmsg_len = CMSG_LEN(kDescriptors * sizeof(int));
    const std::array<int, kDescriptors> fds{sockets->udp.get(), sockets->tcp.get()};
    std::memcpy(CMSG_DATA(rights), fds.data(), sizeof fds);
  }
  if (sendmsg(socket, &header, MSG_NOSIGNAL) < 0)
    return base::fail_errno(errno, "speaking to the holder of name sockets");
  return {};
}

base::Result<HolderMessage> receive_holder_message(int socket) {
  std::array<char, kLongestHolderKey + 1> text;
  iovec part{text.data(), text.size()};
  alignas(cmsghdr) Control control{};
  msghdr header{.msg_iov = &part, .msg_iovlen = 1, .msg_control = control.data(), .msg_controllen = control.size()};
  ssize_t size = 0;
  do size = recvmsg(socket, &header, MSG_CMSG_CLOEXEC);
  while (size < 0 && errno == EINTR);
  if (size <= 0) return base::fail(base::ErrorKind::unavailable, "the other end of the holder's socket is gone");
  HolderMessage message;
  const bool whole = take_descriptors(header, message.sockets) && (header.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) == 0;
  if (!whole || std::string_view("SDTKA").find(text[0]) == std::string_view::npos) {
    return base::fail(base::ErrorKind::invalid, "no message of daemon or holder");
  }
  message.kind = static_cast<HolderMessage::Kind>(text[0]);
  message.key.assign(text.data() + 1, static_cast<std::size_t>(size) - 1);
  return message;
}

}  // namespace fairlead::daemon
