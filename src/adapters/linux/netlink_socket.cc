#include "adapters/linux/netlink_socket.h"

#include <libmnl/libmnl.h>
#include <sys/socket.h>

#include <cerrno>

#include "wire/netlink_attr.h"

namespace fairlead::linuxnet {
namespace {

constexpr std::size_t inbox_size = 64 * 1024;  // dumps come in parts of at most 32 KiB
constexpr int dump_attempts = 8;

/// The kernel's words about an error. With NETLINK_CAP_ACK only the header of the request stands before them.
std::string reason_of(const nlmsghdr* message) {
  std::string reason;
  if ((message->nlmsg_flags & NLM_F_ACK_TLVS) == 0) return reason;
  wire::for_each_attr(message, sizeof(nlmsgerr), [&](const nlattr* attr, int type) {
    if (type == NLMSGERR_ATTR_MSG) reason = wire::attr_string(attr);
  });
  return reason;
}

/// Enters one NLMSG_ERROR message into `acks`; false if it answers none of them.
bool note_ack(const nlmsghdr* message, std::uint32_t first, std::vector<Ack>& acks) {
  if (message->nlmsg_type != NLMSG_ERROR || mnl_nlmsg_get_payload_len(message) < sizeof(nlmsgerr)) return false;
  const std::uint32_t at = message->nlmsg_seq - first;
  if (at >= acks.size() || acks[at].seen) return false;
  const auto* answer = static_cast<const nlmsgerr*>(mnl_nlmsg_get_payload(message));
  acks[at] = Ack{true, -answer->error, reason_of(message)};
  return true;
}

}  // namespace

void NetlinkSocket::Close::operator()(mnl_socket* socket) const {
  mnl_socket_close(socket);
}

base::Result<NetlinkSocket> NetlinkSocket::open(int bus) {
  NetlinkSocket opened;
  opened.socket_.reset(mnl_socket_open2(bus, SOCK_CLOEXEC));
  if (!opened.socket_) return base::fail_errno(errno, "opening a netlink socket");
  if (mnl_socket_bind(opened.socket_.get(), 0, MNL_SOCKET_AUTOPID) != 0) {
    return base::fail_errno(errno, "binding a netlink socket");
  }
  int on = 1;
  // Both only make answers shorter and clearer, so that a kernel without them still serves.
  mnl_socket_setsockopt(opened.socket_.get(), NETLINK_CAP_ACK, &on, sizeof on);
  mnl_socket_setsockopt(opened.socket_.get(), NETLINK_EXT_ACK, &on, sizeof on);
  opened.inbox_.resize(inbox_size);
  return opened;
}

base::Result<NetlinkSocket> NetlinkSocket::adopt(base::Fd socket) {
  NetlinkSocket adopted;
  adopted.socket_.reset(mnl_socket_fdopen(socket.get()));
  if (!adopted.socket_) return base::fail_errno(errno, "taking a netlink socket over");
  socket.release();
  adopted.inbox_.resize(inbox_size);
  // Reading carries a dump on that was broken off, which would bar the next one.
  for (;;) {
    const auto size = recv(adopted.fd(), adopted.inbox_.data(), adopted.inbox_.size(), MSG_DONTWAIT);
    if (size < 0 && errno != EINTR && errno != ENOBUFS) return adopted;
  }
}

int NetlinkSocket::fd() const {
  return mnl_socket_get_fd(socket_.get());
}

std::uint32_t NetlinkSocket::port() const {
  return mnl_socket_get_portid(socket_.get());
}

base::Result<void> NetlinkSocket::send(wire::NetlinkBatch& batch) {
  const auto bytes = batch.bytes();
  if (mnl_socket_sendto(socket_.get(), bytes.data(), bytes.size()) < 0) {
    return base::fail_errno(errno, "sending to netlink");
  }
  return {};
}

base::Result<std::vector<Ack>> NetlinkSocket::transact(wire::NetlinkBatch& batch, const OnMessage& on_message) {
  std::vector<Ack> acks(batch.count());
  const auto first = batch.first_sequence();
  auto sent = send(batch);
  batch.clear();
  if (!sent) return std::unexpected(sent.error());
  for (std::size_t missing = acks.size(); missing > 0;) {
    const auto size = mnl_socket_recvfrom(socket_.get(), inbox_.data(), inbox_.size());
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return base::fail_errno(errno, "receiving from netlink");
    wire::for_each_message({inbox_.data(), static_cast<std::size_t>(size)}, [&](const nlmsghdr* message) {
      if (note_ack(message, first, acks)) {
        --missing;
      } else if (on_message && message->nlmsg_type >= NLMSG_MIN_TYPE && message->nlmsg_seq - first < acks.size()) {
        on_message(message);
      }
    });
  }
  return acks;
}

base::Result<bool> NetlinkSocket::dump_once(wire::NetlinkBatch& batch, const OnMessage& on_message) {
  const auto sequence = batch.first_sequence();
  auto sent = send(batch);
  batch.clear();
  if (!sent) return std::unexpected(sent.error());
  bool interrupted = false, done = false;
  int error = 0;
  while (!done) {
    const auto size = mnl_socket_recvfrom(socket_.get(), inbox_.data(), inbox_.size());
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return base::fail_errno(errno, "receiving from netlink");
    wire::for_each_message({inbox_.data(), static_cast<std::size_t>(size)}, [&](const nlmsghdr* message) {
      if (message->nlmsg_seq != sequence) return;
      if ((message->nlmsg_flags & NLM_F_DUMP_INTR) != 0) interrupted = true;
      if (message->nlmsg_type == NLMSG_ERROR && mnl_nlmsg_get_payload_len(message) >= sizeof(nlmsgerr)) {
        error = -static_cast<const nlmsgerr*>(mnl_nlmsg_get_payload(message))->error;
        done = true;
      } else if (message->nlmsg_type == NLMSG_DONE) {
        done = true;
      } else if (message->nlmsg_type >= NLMSG_MIN_TYPE) {
        on_message(message);
      }
    });
  }
  if (error == ENOENT) return base::fail(base::ErrorKind::not_found, "there is nothing of that name to read");
  if (error != 0) return base::fail_errno(error, "reading a netlink dump");
  return !interrupted;
}

base::Result<void> NetlinkSocket::dump(const std::function<void(wire::NetlinkBatch&)>& fill,
                                       const OnMessage& on_message, const std::function<void()>& restart,
                                       Disturbed disturbed) {
  for (int attempt = 0; attempt < dump_attempts; ++attempt) {
    fill(dump_batch_);
    auto whole = dump_once(dump_batch_, on_message);
    if (!whole) return std::unexpected(whole.error());
    if (*whole) return {};
    if (attempt + 1 < dump_attempts) restart();
  }
  if (disturbed == Disturbed::refuse)
    return base::fail(base::ErrorKind::unavailable, "others change faster than can be read");
  // Every one was disturbed by somebody's change: the last is still nearly right, and the next repair sees the rest.
  return {};
}

base::Result<std::vector<Ack>> NetlinkSocket::transact_unacknowledged(wire::NetlinkBatch& batch, bool& lost) {
  lost = false;
  std::vector<Ack> acks(batch.count());
  const auto first = batch.first_sequence();
  const auto to_send = static_cast<int>(batch.bytes().size() + inbox_size);
  // Each request may be answered by an error, which takes up to 1 KiB of the queue.
  const auto to_receive = static_cast<int>(batch.count() * 1024 + inbox_size);
  setsockopt(fd(), SOL_SOCKET, SO_SNDBUFFORCE, &to_send, sizeof to_send);
  setsockopt(fd(), SOL_SOCKET, SO_RCVBUFFORCE, &to_receive, sizeof to_receive);
  auto sent = send(batch);
  batch.clear();
  if (!sent) return std::unexpected(sent.error());
  // A transaction is carried out inside send: whatever it has to say is there now.
  for (;;) {
    const auto size = recv(fd(), inbox_.data(), inbox_.size(), MSG_DONTWAIT);
    if (size < 0 && errno == EINTR) continue;
    if (size < 0 && errno == ENOBUFS) {
      lost = true;
      continue;
    }
    if (size < 0 && errno == EAGAIN) return acks;
    if (size < 0) return base::fail_errno(errno, "receiving from netlink");
    wire::for_each_message({inbox_.data(), static_cast<std::size_t>(size)},
                           [&](const nlmsghdr* message) { note_ack(message, first, acks); });
  }
}

}  // namespace fairlead::linuxnet
