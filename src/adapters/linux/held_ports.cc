#include "adapters/linux/held_ports.h"

#include <netinet/in.h>
#include <sys/epoll.h>

#include <boost/container_hash/hash.hpp>

#include "adapters/linux/bound_socket.h"

namespace fairlead::linuxnet {

std::size_t HeldPorts::Hash::operator()(const ports::HostPort& port) const {
  std::size_t seed = static_cast<std::size_t>(port.number) << 8 | port.protocol.number;
  if (port.address) {
    const auto bytes = port.address->bytes();
    boost::hash_range(seed, bytes.begin(), bytes.end());
  }
  return boost::hash<std::size_t>()(seed);
}

base::Result<void> HeldPorts::hold(const std::vector<ports::HostPort>& ports) {
  const std::scoped_lock lock(mutex_);
  std::vector<ports::HostPort> taken;
  for (const auto& port : ports) {
    if (index_.contains(port)) continue;
    auto socket = bind_host_port(port);
    if (!socket) {
      for (const auto& earlier : taken) close(earlier);
      return std::unexpected(socket.error());
    }
    index_.emplace(port, take_slot(std::move(*socket)));
    taken.push_back(port);
  }
  return {};
}

std::uint32_t HeldPorts::take_slot(base::Fd socket) {
  if (free_.empty()) {
    free_.push_back(static_cast<std::uint32_t>(slots_.size()));
    slots_.emplace_back();
  }
  const auto at = free_.back();
  free_.pop_back();
  slots_[at] = Slot{std::move(socket), ++last_serial_, std::nullopt};
  return at;
}

void HeldPorts::lead(const ports::HostPort& port, const ports::PortTarget& target) {
  const std::scoped_lock lock(mutex_);
  const auto at = index_.find(port);
  if (at == index_.end()) return;
  auto& slot = slots_[at->second];
  const bool watched = slot.target.has_value();
  slot.target = target;
  if (hook_) hook_->lead(port, target);
  // The kernel alone translates SCTP.
  if (watched || port.protocol.number == IPPROTO_SCTP) return;
  const auto kind = port.protocol.number == IPPROTO_UDP ? EventToken::datagrams_port : EventToken::streams_port;
  epoll_event event{.events = EPOLLIN, .data = {.u64 = EventToken::of(kind, {at->second, slot.serial}).packed()}};
  epoll_ctl(epoll_, EPOLL_CTL_ADD, slot.socket.get(), &event);
}

void HeldPorts::release(const std::vector<ports::HostPort>& ports) {
  const std::scoped_lock lock(mutex_);
  for (const auto& port : ports) close(port);
}

void HeldPorts::close(const ports::HostPort& port) {
  const auto at = index_.find(port);
  if (at == index_.end()) return;
  if (hook_) hook_->release(port);
  slots_[at->second] = {};
  free_.push_back(at->second);
  index_.erase(at);
}

std::vector<ports::HostPort> HeldPorts::held() const {
  const std::scoped_lock lock(mutex_);
  std::vector<ports::HostPort> all;
  all.reserve(index_.size());
  for (const auto& [port, slot] : index_) all.push_back(port);
  return all;
}

void HeldPorts::use(std::unique_ptr<LoopbackHook> hook) {
  const std::scoped_lock lock(mutex_);
  hook_ = std::move(hook);
  for (const auto& [port, at] : index_) {
    if (const auto& target = slots_[at].target) hook_->lead(port, *target);
  }
}

const HeldPorts::Slot* HeldPorts::find(PortRef port) const {
  const bool there = port.slot < slots_.size() && slots_[port.slot].socket && slots_[port.slot].serial == port.serial;
  return there ? &slots_[port.slot] : nullptr;
}

bool HeldPorts::is_held(PortRef port) const {
  const std::scoped_lock lock(mutex_);
  return find(port) != nullptr;
}

void HeldPorts::watch(EventToken port, bool on) {
  const std::scoped_lock lock(mutex_);
  const Slot* slot = find(port.port());
  if (slot == nullptr) return;
  epoll_event event{.events = on ? EPOLLIN : 0U, .data = {.u64 = port.packed()}};
  epoll_ctl(epoll_, EPOLL_CTL_MOD, slot->socket.get(), &event);
}

}  // namespace fairlead::linuxnet
