#include "adapters/linux/datagram_socket.h"

#include <netinet/in.h>
#include <sys/socket.h>

#include <cstring>

#include "adapters/linux/socket_address.h"

namespace fairlead::linuxnet {
namespace {

union Control {
  cmsghdr aligned;
  char bytes[CMSG_SPACE(sizeof(in6_pktinfo))];
};

bool is_link_local(const in6_addr& address) {
  return IN6_IS_ADDR_LINKLOCAL(&address);
}

msghdr message_of(SocketAddress& peer, iovec& part, Control& control) {
  return {.msg_name = peer.get(),
          .msg_namelen = peer.size,
          .msg_iov = &part,
          .msg_iovlen = 1,
          .msg_control = control.bytes,
          .msg_controllen = sizeof control.bytes};
}

void put_control(msghdr& message, int level, int type, const void* info, std::size_t size) {
  message.msg_controllen = CMSG_SPACE(size);
  cmsghdr* header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = level;
  header->cmsg_type = type;
  header->cmsg_len = CMSG_LEN(size);
  std::memcpy(CMSG_DATA(header), info, size);
}

}  // namespace

ssize_t receive_datagram(int socket, std::span<std::uint8_t> into, Correspondent& from) {
  SocketAddress peer;
  Control control{};
  iovec part{.iov_base = into.data(), .iov_len = into.size()};
  auto message = message_of(peer, part, control);
  const auto size = recvmsg(socket, &message, 0);
  if (size < 0) return size;
  from = {.address = peer.ip(), .port = peer.port()};
  for (cmsghdr* header = CMSG_FIRSTHDR(&message); header != nullptr; header = CMSG_NXTHDR(&message, header)) {
    if (header->cmsg_level == IPPROTO_IP && header->cmsg_type == IP_PKTINFO) {
      in_pktinfo info;
      std::memcpy(&info, CMSG_DATA(header), sizeof info);
      from.local = base::Ip::v4(ntohl(info.ipi_spec_dst.s_addr));
    } else if (header->cmsg_level == IPPROTO_IPV6 && header->cmsg_type == IPV6_PKTINFO) {
      in6_pktinfo info;
      std::memcpy(&info, CMSG_DATA(header), sizeof info);
      from.local = *base::Ip::from_bytes(info.ipi6_addr.s6_addr);
      if (is_link_local(info.ipi6_addr)) from.interface = static_cast<std::uint32_t>(info.ipi6_ifindex);
    }
  }
  return size;
}

void answer_datagram(int socket, std::span<const std::uint8_t> bytes, const Correspondent& to) {
  SocketAddress peer(to.address, to.port);
  Control control{};
  iovec part{.iov_base = const_cast<std::uint8_t*>(bytes.data()), .iov_len = bytes.size()};
  auto message = message_of(peer, part, control);
  if (to.address.is_v4()) {
    in_pktinfo info{};
    info.ipi_spec_dst.s_addr = htonl(to.local.as_u32());
    put_control(message, IPPROTO_IP, IP_PKTINFO, &info, sizeof info);
  } else {
    in6_pktinfo info{};
    std::memcpy(&info.ipi6_addr, to.local.bytes().data(), sizeof info.ipi6_addr);
    info.ipi6_ifindex = to.interface;
    if (is_link_local(peer.storage.sin6_addr)) peer.storage.sin6_scope_id = to.interface;
    put_control(message, IPPROTO_IPV6, IPV6_PKTINFO, &info, sizeof info);
  }
  sendmsg(socket, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
}

}  // namespace fairlead::linuxnet
