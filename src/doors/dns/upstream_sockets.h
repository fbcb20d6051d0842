#pragma once
#include <list>
#include <memory>

#include "doors/dns/poller.h"
#include "engine/name_view.h"

namespace fairlead::dns {

/// A socket connected to the server on its port 53, not blocking; none when the kernel refuses. The source port is a
/// random one.
base::Fd connect_to(const engine::Upstream& server, int type);

/// UDP sockets to outside servers. Opening, watching and closing one costs as much as the rest of a question, so each
/// serves a few questions, one at a time, and is then closed: ports stay as hard to guess as ids (RFC 5452 §10). Which
/// one serves is drawn by lot.
class UpstreamSockets {
 public:
  class Socket final : public Watch {
   public:
    Socket(Poller& poller, engine::Upstream server, base::Fd fd);
    ~Socket() override;
    void ready(std::uint32_t events) override;
    int fd() const { return fd_.get(); }

   private:
    friend class UpstreamSockets;
    bool is_spent(Time now) const;

    Poller& poller_;
    engine::Upstream server_;
    base::Fd fd_;
    Poller::Ticket ticket_ = 0;
    Time opened_;
    int uses_ = 0;
    bool failed_ = false;
    Watch* user_ = nullptr;
  };

  explicit UpstreamSockets(Poller& poller) : poller_(poller) {}
  ~UpstreamSockets() { poller_.cancel(timer_); }

  /// For one question of `user`, which is woken when something comes. Null when no socket can be had.
  std::unique_ptr<Socket> take(const engine::Upstream& server, Watch& user);
  /// `sound`: the question was answered. Others are closed: a late answer may still come to them.
  void give_back(std::unique_ptr<Socket> socket, bool sound);

 private:
  using Free = std::vector<std::unique_ptr<Socket>>;
  void clear_out();

  Poller& poller_;
  Free free_;
  Poller::Ticket timer_ = 0;
};

/// From the kernel (getrandom(2)).
std::uint16_t random_id();

}  // namespace fairlead::dns
