#include "daemon/holder_wire.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/socket.h>

#include <array>
#include <cstring>
#include <string_view>

namespace fairlead::daemon {
namespace {

using Control = std::array<char, CMSG_SPACE(kMostHolderKeys * sizeof(int))>;

/// All descriptors that came are owned from here on, wanted or not.
std::vector<base::Fd> descriptors_of(msghdr& header) {
  std::vector<base::Fd> found;
  for (auto* control = CMSG_FIRSTHDR(&header); control != nullptr; control = CMSG_NXTHDR(&header, control)) {
    if (control->cmsg_level != SOL_SOCKET || control->cmsg_type != SCM_RIGHTS) continue;
    for (std::size_t i = 0; i < (control->cmsg_len - CMSG_LEN(0)) / sizeof(int); ++i) {
      int fd = -1;
      std::memcpy(&fd, CMSG_DATA(control) + i * sizeof(int), sizeof fd);
      found.emplace_back(fd);
    }
  }
  return found;
}

std::vector<std::string> lines_of(std::string_view text) {
  std::vector<std::string> lines;
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    lines.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

}  // namespace

base::Result<void> send_holder_message(int socket, HolderMessage::Kind kind, const std::vector<std::string>& keys,
                                       const std::vector<int>& sockets) {
  auto text = fmt::format("{}{}", static_cast<char>(kind), fmt::join(keys, "\n"));
  iovec part{text.data(), text.size()};
  alignas(cmsghdr) Control control{};
  msghdr header{.msg_iov = &part, .msg_iovlen = 1};
  if (!sockets.empty()) {
    const auto size = sockets.size() * sizeof(int);
    header.msg_control = control.data();
    header.msg_controllen = CMSG_SPACE(size);
    auto* rights = CMSG_FIRSTHDR(&header);
    rights->cmsg_level = SOL_SOCKET;
    rights->cmsg_type = SCM_RIGHTS;
    rights->cmsg_len = CMSG_LEN(size);
    std::memcpy(CMSG_DATA(rights), sockets.data(), size);
  }
  if (sendmsg(socket, &header, MSG_NOSIGNAL) < 0) return base::fail_errno(errno, "speaking to the holder of sockets");
  return {};
}

base::Result<HolderMessage> receive_holder_message(int socket) {
  std::array<char, 1 + kMostHolderKeys*(kLongestHolderKey + 1)> text;
  iovec part{text.data(), text.size()};
  alignas(cmsghdr) Control control{};
  msghdr header{.msg_iov = &part, .msg_iovlen = 1, .msg_control = control.data(), .msg_controllen = control.size()};
  ssize_t size = 0;
  do size = recvmsg(socket, &header, MSG_CMSG_CLOEXEC);
  while (size < 0 && errno == EINTR);
  HolderMessage message{.sockets = size > 0 ? descriptors_of(header) : std::vector<base::Fd>{}};
  if (size <= 0) return base::fail(base::ErrorKind::unavailable, "the other end of the holder's socket is gone");
  message.kind = static_cast<HolderMessage::Kind>(text[0]);
  message.keys = lines_of({text.data() + 1, static_cast<std::size_t>(size) - 1});
  const bool carries = message.kind == HolderMessage::keep || message.kind == HolderMessage::kept;
  const bool whole = (header.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) == 0 &&
                     message.sockets.size() == (carries ? message.keys.size() : 0);
  if (!whole || std::string_view("SDTKA").find(text[0]) == std::string_view::npos)
    return base::fail(base::ErrorKind::invalid, "no message of daemon or holder");
  return message;
}

}  // namespace fairlead::daemon
