#include "adapters/linux/held_ports.h"

#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/epoll.h>

#include <boost/container_hash/hash.hpp>
#include <utility>

#include "adapters/linux/bound_socket.h"
#include "adapters/linux/netns.h"
#include "base/log.h"

namespace fairlead::linuxnet {

namespace {

constexpr const char* key_prefix = "port ";

/// By which the keeper knows it: protocol, number, and address, of which the two families together have none.
std::string key_of(const ports::HostPort& port) {
  return fmt::format("{}{} {} {}", key_prefix, port.protocol.number, port.number,
                     port.address ? port.address->text() : "*");
}

void complain(const char* what, const base::Result<void>& outcome) {
  if (!outcome) base::log(base::LogLevel::warn, "{}: {}", what, outcome.error().text);
}

}  // namespace

std::size_t HeldPorts::Hash::operator()(const ports::HostPort& port) const {
  std::size_t seed = static_cast<std::size_t>(port.number) << 8 | port.protocol.number;
  if (port.address) {
    const auto bytes = port.address->bytes();
    boost::hash_range(seed, bytes.begin(), bytes.end());
  }
  return boost::hash<std::size_t>()(seed);
}

HeldPorts::HeldPorts(int epoll, ports::SocketKeeper* keeper) : epoll_(epoll), keeper_(keeper) {
  if (keeper_ == nullptr) return;
  if (auto kept = keeper_->take(key_prefix)) {
    std::erase_if(*kept, [](const auto& one) { return !is_socket_of_this_netns(one.second); });
    earlier_ = std::move(*kept);
  } else {
    complain("taking the sockets of host ports over", std::unexpected(kept.error()));
  }
}

base::Result<void> HeldPorts::hold(const std::vector<ports::HostPort>& ports,
                                   const std::vector<ports::HostPort>& giving) {
  const std::scoped_lock lock(mutex_);
  std::vector<ports::HostPort> taken;
  for (const auto& port : ports) {
    auto fresh = hold_one(port);
    if (!fresh && make_way(port, giving)) fresh = hold_one(port);
    if (!fresh) {
      close(taken);
      return std::unexpected(fresh.error());
    }
    if (*fresh) taken.push_back(port);
  }
  return {};
}

/// Whether something was released that stood in the way.
bool HeldPorts::make_way(const ports::HostPort& port, const std::vector<ports::HostPort>& giving) {
  std::vector<ports::HostPort> meeting;
  for (const auto& other : giving) {
    if (index_.contains(other) && ports::meet(port, other)) meeting.push_back(other);
  }
  close(meeting);
  return !meeting.empty();
}

/// False if it was held already.
base::Result<bool> HeldPorts::hold_one(const ports::HostPort& port) {
  if (index_.contains(port)) return false;
  if (auto earlier = earlier_.extract(key_of(port))) {
    index_.emplace(port, take_slot(std::move(earlier.mapped()), true));
    return true;
  }
  auto socket = bind_host_port(port);
  if (!socket) return std::unexpected(socket.error());
  index_.emplace(port, take_slot(std::move(*socket), false));
  return true;
}

std::uint32_t HeldPorts::take_slot(base::Fd socket, bool kept) {
  if (free_.empty()) {
    free_.push_back(static_cast<std::uint32_t>(slots_.size()));
    slots_.emplace_back();
  }
  const auto at = free_.back();
  free_.pop_back();
  slots_[at] = Slot{std::move(socket), ++last_serial_, std::nullopt, kept};
  return at;
}

void HeldPorts::lead(const std::vector<ports::PortLead>& leads) {
  const std::scoped_lock lock(mutex_);
  for (const auto& one : leads) lead_one(one);
  keep(leads);
}

void HeldPorts::lead_one(const ports::PortLead& lead) {
  const auto& port = lead.port;
  const auto at = index_.find(port);
  if (at == index_.end()) return;
  auto& slot = slots_[at->second];
  const bool watched = slot.target.has_value();
  slot.target = lead.target;
  if (hook_) hook_->lead(port, lead.target);
  // The kernel alone translates SCTP.
  if (watched || port.protocol.number == IPPROTO_SCTP) return;
  const auto kind = port.protocol.number == IPPROTO_UDP ? EventToken::datagrams_port : EventToken::streams_port;
  epoll_event event{.events = EPOLLIN, .data = {.u64 = EventToken::of(kind, {at->second, slot.serial}).packed()}};
  epoll_ctl(epoll_, EPOLL_CTL_ADD, slot.socket.get(), &event);
}

/// Those that are not kept yet. Without it they serve as well, until this process ends.
void HeldPorts::keep(const std::vector<ports::PortLead>& leads) {
  if (keeper_ == nullptr) return;
  std::vector<ports::KeptSocket> fresh;
  for (const auto& [port, target] : leads) {
    const auto at = index_.find(port);
    if (at == index_.end() || std::exchange(slots_[at->second].kept, true)) continue;
    fresh.push_back({key_of(port), slots_[at->second].socket.get()});
  }
  if (!fresh.empty()) complain("keeping the sockets of host ports", keeper_->keep(fresh));
}

void HeldPorts::release(const std::vector<ports::HostPort>& ports) {
  const std::scoped_lock lock(mutex_);
  close(ports);
}

void HeldPorts::close(const std::vector<ports::HostPort>& ports) {
  std::vector<std::string> kept;
  for (const auto& port : ports) {
    const auto at = index_.find(port);
    if (at == index_.end()) continue;
    auto& slot = slots_[at->second];
    if (hook_) hook_->release(port);
    if (slot.kept) kept.push_back(key_of(port));
    // A copy elsewhere would keep what is watched alive.
    epoll_ctl(epoll_, EPOLL_CTL_DEL, slot.socket.get(), nullptr);
    slot = {};
    free_.push_back(at->second);
    index_.erase(at);
  }
  if (!kept.empty()) complain("letting go of host ports", keeper_->drop(kept));
}

void HeldPorts::forget_earlier() {
  const std::scoped_lock lock(mutex_);
  std::vector<std::string> keys;
  for (const auto& [key, socket] : std::exchange(earlier_, {})) keys.push_back(key);
  if (!keys.empty()) complain("letting go of host ports", keeper_->drop(keys));
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
