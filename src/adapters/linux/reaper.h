#pragma once
#include <condition_variable>
#include <mutex>
#include <thread>

#include "adapters/linux/netlink_socket.h"

namespace fairlead::linuxnet {

/// Deletes condemned links (those in `condemned_group`) in the background. Deleting one veth costs some 20 ms, a grace
/// period of the kernel; deleting all that are condemned at that moment in one request costs the same.
class Reaper {
 public:
  /// `socket` must be bound to the namespace whose links are meant. Leftovers of an earlier run go at once.
  explicit Reaper(NetlinkSocket socket);
  /// Finishes what was condemned.
  ~Reaper();
  Reaper(const Reaper&) = delete;
  Reaper& operator=(const Reaper&) = delete;

  /// Says that a link has been put into the group.
  void condemned();
  /// Waits until everything condemned before the call is gone.
  void settle();

 private:
  void work();
  void collect();

  NetlinkSocket socket_;
  wire::NetlinkBatch batch_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::uint64_t asked_ = 1, done_ = 0;
  bool ending_ = false;
  std::jthread thread_;
};

}  // namespace fairlead::linuxnet
