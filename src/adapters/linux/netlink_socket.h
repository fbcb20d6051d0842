#pragma once
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/fd.h"
#include "wire/netlink_batch.h"

struct mnl_socket;

namespace fairlead::linuxnet {

/// The kernel's answer to one request of a batch.
struct Ack {
  bool seen = false;
  int error = 0;       ///< errno, 0 for success
  std::string reason;  ///< the kernel's own words, often empty (NLMSGERR_ATTR_MSG)
};

/// What to do about a dump that others' changes disturbed again and again: what was read last may lack things.
enum class Disturbed { take, refuse };

/// One netlink socket, bound for good to the network namespace of the thread that opened it.
class NetlinkSocket {
 public:
  using OnMessage = std::function<void(const nlmsghdr*)>;

  /// `bus` is NETLINK_ROUTE or NETLINK_NETFILTER.
  static base::Result<NetlinkSocket> open(int bus);

  /// One that another process opened, with whatever it left unread: that is thrown away.
  static base::Result<NetlinkSocket> adopt(base::Fd socket);

  /// Stays this object's.
  int fd() const;
  /// By which the kernel knows the socket (netlink(7): nl_pid).
  std::uint32_t port() const;

  /// Sends requests that all carry NLM_F_ACK and waits for every answer, in request order. `on_message` sees replies
  /// that are not acknowledgements. Every request is carried out, also those behind a failed one.
  base::Result<std::vector<Ack>> transact(wire::NetlinkBatch& batch, const OnMessage& on_message = {});
  /// Sends the one dump request that `fill` puts into an empty batch; asks again when the kernel says that it changed
  /// half-way (NLM_F_DUMP_INTR): `restart` then forgets what was seen. `not_found` if the kernel knows no such thing,
  /// `unavailable` if it changed every time and that is not to be taken.
  base::Result<void> dump(const std::function<void(wire::NetlinkBatch&)>& fill, const OnMessage& on_message,
                          const std::function<void()>& restart, Disturbed disturbed = Disturbed::take);
  /// Sends an nfnetlink transaction and collects the errors; requests without one were accepted. `lost` becomes true
  /// when more errors came than the socket could hold.
  base::Result<std::vector<Ack>> transact_unacknowledged(wire::NetlinkBatch& batch, bool& lost);

 private:
  struct Close {
    void operator()(mnl_socket* socket) const;
  };
  base::Result<void> send(wire::NetlinkBatch& batch);
  base::Result<bool> dump_once(wire::NetlinkBatch& batch, const OnMessage& on_message);

  std::unique_ptr<mnl_socket, Close> socket_;
  std::vector<std::uint8_t> inbox_;
  wire::NetlinkBatch dump_batch_;
};

}  // namespace fairlead::linuxnet
