#include "adapters/linux/reaper.h"

#include <cerrno>
#include <system_error>

#include "adapters/linux/mark.h"
#include "base/log.h"
#include "wire/netlink_link.h"

namespace fairlead::linuxnet {

Reaper::Reaper(NetlinkSocket socket) : socket_(std::move(socket)), thread_([this] { work(); }) {}

Reaper::~Reaper() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  changed_.notify_all();
}

void Reaper::condemned() {
  {
    const std::lock_guard lock(mutex_);
    ++asked_;
  }
  changed_.notify_all();
}

void Reaper::settle() {
  std::unique_lock lock(mutex_);
  const auto until = asked_;
  changed_.wait(lock, [&] { return done_ >= until; });
}

void Reaper::work() {
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [&] { return ending_ || done_ < asked_; });
    if (done_ >= asked_) return;
    const auto upto = asked_;
    lock.unlock();
    collect();
    lock.lock();
    done_ = upto;
    changed_.notify_all();
  }
}

void Reaper::collect() {
  wire::put_delete_link_group(batch_, condemned_group);
  auto acks = socket_.transact(batch_);
  const int error = acks ? acks->front().error : EIO;
  // ENODEV: none there, for they may also go with the namespace of their other end.
  if (error != 0 && error != ENODEV) {
    base::log(base::LogLevel::error, "deleting links: {}", std::generic_category().message(error));
  }
}

}  // namespace fairlead::linuxnet
