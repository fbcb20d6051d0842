#include "adapters/linux/watch.h"

#include <arpa/inet.h>
#include <linux/filter.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/rtnetlink.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <functional>

#include "adapters/linux/mark.h"
#include "base/fd.h"
#include "base/overload.h"
#include "wire/netlink_attr.h"
#include "wire/netlink_loss.h"

namespace fairlead::linuxnet {
namespace {

constexpr int queue_bytes = 1 << 20;

class LinuxWatch final : public ports::Watch {
 public:
  LinuxWatch(base::Fd links, base::Fd tables, base::Fd both, std::string own_name)
      : links_(std::move(links)), tables_(std::move(tables)), both_(std::move(both)), own_name_(std::move(own_name)) {}

  int fd() const override { return both_.get(); }
  base::Result<ports::Losses> take() override;

 private:
  base::Result<void> drain(const base::Fd& socket, const std::function<void(const nlmsghdr*)>& note);
  void note_link(const nlmsghdr* message);
  void note_table(const nlmsghdr* message);

  base::Fd links_, tables_, both_;
  std::string own_name_;
  ports::Losses losses_;
  std::set<std::string> uncommitted_;  ///< tables that the transaction at hand deletes from
};

void LinuxWatch::note_link(const nlmsghdr* message) {
  auto lost = wire::parse_link_loss(message);
  if (!lost) return;
  std::visit(base::Overload{[&](wire::LostLink& link) { losses_.links.insert(std::move(link.name)); },
                            [&](wire::FoundLink& link) { losses_.links_back.insert(std::move(link.name)); },
                            [&](const wire::LinkCarrier& link) { losses_.carriers[link.name] = link.is_there; },
                            [&](wire::LostAddress& address) { losses_.addresses.push_back(address.prefix); },
                            [&](wire::LostRoute& route) {
                              // The kernel makes one for an interface's subnet when the address comes.
                              if (route.protocol == RTPROT_KERNEL || route.protocol == route_protocol)
                                losses_.routes.push_back(route.destination);
                            },
                            [&](wire::LostForwarding& lost) { losses_.forwarding.insert(lost.family); }},
             *lost);
}

void LinuxWatch::note_table(const nlmsghdr* message) {
  auto notice = wire::parse_nft_notice(message);
  if (!notice) return;
  std::visit(base::Overload{[&](wire::LostInTable& lost) { uncommitted_.insert(std::move(lost.table)); },
                            [&](const wire::NftCommit& commit) {
                              if (commit.program != own_name_) losses_.tables.merge(uncommitted_);
                              uncommitted_.clear();
                            }},
             *notice);
}

base::Result<void> LinuxWatch::drain(const base::Fd& socket, const std::function<void(const nlmsghdr*)>& note) {
  alignas(nlmsghdr) std::array<std::uint8_t, 32 * 1024> inbox;
  for (;;) {
    const auto size = ::recv(socket.get(), inbox.data(), inbox.size(), 0);
    if (size >= 0) {
      wire::for_each_message({inbox.data(), static_cast<std::size_t>(size)}, note);
    } else if (errno == ENOBUFS) {
      losses_.overflow = true;
    } else if (errno == EAGAIN) {
      return {};
    } else if (errno != EINTR) {
      return base::fail_errno(errno, "listening to netlink");
    }
  }
}

base::Result<ports::Losses> LinuxWatch::take() {
  if (auto read = drain(links_, [this](const nlmsghdr* m) { note_link(m); }); !read)
    return std::unexpected(read.error());
  if (auto read = drain(tables_, [this](const nlmsghdr* m) { note_table(m); }); !read)
    return std::unexpected(read.error());
  return std::exchange(losses_, {});
}

base::Result<base::Fd> listen_to(int bus, std::initializer_list<int> groups) {
  base::Fd socket(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, bus));
  if (!socket) return base::fail_errno(errno, "opening a netlink socket");
  const sockaddr_nl any{.nl_family = AF_NETLINK, .nl_pad = 0, .nl_pid = 0, .nl_groups = 0};
  if (::bind(socket.get(), reinterpret_cast<const sockaddr*>(&any), sizeof any) != 0)
    return base::fail_errno(errno, "binding a netlink socket");
  ::setsockopt(socket.get(), SOL_SOCKET, SO_RCVBUFFORCE, &queue_bytes, sizeof queue_bytes);
  for (const int group : groups) {
    if (::setsockopt(socket.get(), SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group, sizeof group) != 0)
      return base::fail_errno(errno, "joining a netlink group");
  }
  return socket;
}

/// On a router routes come and go by the thousand: only what may be a loss wakes us. One message per buffer, in the
/// host's byte order, which the filter machine reads as the network's.
base::Result<void> leave_out_the_rest(const base::Fd& socket) {
  const auto load = [](std::size_t offset, int size) {
    return sock_filter BPF_STMT(BPF_LD | size | BPF_ABS, static_cast<unsigned>(offset));
  };
  const auto type = [](int wanted, std::uint8_t yes) {
    return sock_filter BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, htons(static_cast<std::uint16_t>(wanted)), yes, 0);
  };
  std::array<sock_filter, 11> program{{
      load(offsetof(nlmsghdr, nlmsg_type), BPF_H),
      type(RTM_NEWLINK, 8),
      type(RTM_DELLINK, 7),
      type(RTM_DELADDR, 6),
      type(RTM_NEWNETCONF, 5),
      sock_filter BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, htons(RTM_DELROUTE), 0, 3),
      load(sizeof(nlmsghdr) + offsetof(rtmsg, rtm_protocol), BPF_B),
      sock_filter BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, RTPROT_KERNEL, 2, 0),
      sock_filter BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, route_protocol, 1, 0),
      sock_filter BPF_STMT(BPF_RET | BPF_K, 0),
      sock_filter BPF_STMT(BPF_RET | BPF_K, ~0U),
  }};
  const sock_fprog filter{.len = program.size(), .filter = program.data()};
  if (::setsockopt(socket.get(), SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof filter) != 0)
    return base::fail_errno(errno, "filtering a netlink socket");
  return {};
}

}  // namespace

base::Result<std::unique_ptr<ports::Watch>> make_watch() {
  auto links = listen_to(NETLINK_ROUTE, {RTNLGRP_LINK, RTNLGRP_IPV4_IFADDR, RTNLGRP_IPV6_IFADDR, RTNLGRP_IPV4_ROUTE,
                                         RTNLGRP_IPV6_ROUTE, RTNLGRP_IPV4_NETCONF, RTNLGRP_IPV6_NETCONF});
  if (!links) return std::unexpected(links.error());
  if (auto filtered = leave_out_the_rest(*links); !filtered) return std::unexpected(filtered.error());
  auto tables = listen_to(NETLINK_NETFILTER, {NFNLGRP_NFTABLES});
  if (!tables) return std::unexpected(tables.error());
  base::Fd both(::epoll_create1(EPOLL_CLOEXEC));
  if (!both) return base::fail_errno(errno, "making an epoll instance");
  for (const auto* socket : {&*links, &*tables}) {
    epoll_event readable{.events = EPOLLIN, .data = {.fd = socket->get()}};
    if (::epoll_ctl(both.get(), EPOLL_CTL_ADD, socket->get(), &readable) != 0)
      return base::fail_errno(errno, "watching a netlink socket");
  }
  // Threads inherit it. The kernel also gives the process id, but that of the first namespace, which may not be ours.
  std::array<char, 16> own_name{};
  ::prctl(PR_GET_NAME, own_name.data());
  return std::make_unique<LinuxWatch>(std::move(*links), std::move(*tables), std::move(both), own_name.data());
}

}  // namespace fairlead::linuxnet
