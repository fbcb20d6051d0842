#include <fmt/format.h>

#include <linux/rtnetlink.h>

#include <cerrno>

#include "adapters/linux/applier.h"
#include "adapters/linux/mark.h"
#include "adapters/linux/snapshot.h"
#include "base/log.h"

namespace fairlead::linuxnet {
namespace {

/// Of the kernel's own routes to IPv6 subnets (IP6_RT_PRIO_ADDRCONF).
constexpr std::uint32_t kernel_route_metric = 256;

}  // namespace

base::Result<void> Applier::make(const ports::Address& address) {
  auto link = look_up_ours(address.link);
  if (!link) return std::unexpected(link.error());
  auto batch = batch_for(address.link.netns);
  if (!batch) return std::unexpected(batch.error());
  wire::put_new_address(**batch, {link->index, address.prefix}, route_protocol);
  if (const auto pair = new_pairs_.find(address.link); pair != new_pairs_.end()) pair->second.has_addresses = true;
  expect({.step = at_, .may_exist = true, .undo = plan_[at_].inverse()});
  return {};
}

/// The kernel makes the route to an address's subnet with the address; somebody may have removed the one and not the
/// other. It is put back as the kernel makes it, so that it also goes with the address.
base::Result<void> Applier::restore_subnet_route(const ports::Address& address) {
  if (address.prefix.length() == address.prefix.address().bits()) return {};
  auto link = look_up_ours(address.link);
  if (!link) return std::unexpected(link.error());
  auto target = place(address.link.netns);
  if (!target) return std::unexpected(target.error());
  const bool v4 = address.prefix.family() == base::Family::v4;
  wire::RouteRecord route{.destination = address.prefix.network(), .device = link->index, .protocol = RTPROT_KERNEL};
  if (v4) route.source = address.prefix.address();
  if (!v4) route.metric = kernel_route_metric;
  wire::put_new_route(now_, route);
  auto acks = (*target)->socket.transact(now_);
  if (!acks) return std::unexpected(acks.error());
  const int error = acks->front().error;
  if (error == 0)
    base::log(base::LogLevel::warn, "the route to {} by {} was gone", route.destination.text(), address.link.name);
  if (error != 0 && error != EEXIST) return base::fail_errno(error, "making the route to its subnet");
  return {};
}

base::Result<void> Applier::unmake(const ports::Address& address) {
  auto link = look_up(address.link);
  if (!link) return std::unexpected(link.error());
  if (!*link) return {};
  if (address.link.name != "lo" && !is_ours(**link)) return std::unexpected(foreign(address.link));
  auto batch = batch_for(address.link.netns);
  if (!batch) return std::unexpected(batch.error());
  wire::put_delete_address(**batch, {(*link)->index, address.prefix});
  expect({.step = at_, .harmless = {EADDRNOTAVAIL, ENODEV}, .undo = plan_[at_].inverse()});
  return {};
}

base::Result<wire::RouteRecord> Applier::record_of(const ports::Route& route) {
  wire::RouteRecord record;
  record.destination = route.destination;
  record.via = route.via;
  record.metric = route.metric;
  record.protocol = route_protocol;
  if (!route.device.empty()) {
    auto link = look_up({route.netns, route.device});
    if (!link) return std::unexpected(link.error());
    if (!*link) return base::fail(base::ErrorKind::not_found, fmt::format("there is no interface {}", route.device));
    record.device = (*link)->index;
  }
  return record;
}

base::Result<void> Applier::make(const ports::Route& route) {
  if (auto there = place(route.netns); !there) return std::unexpected(there.error());
  auto record = record_of(route);
  if (!record) return std::unexpected(record.error());
  auto batch = batch_for(route.netns);
  if (!batch) return std::unexpected(batch.error());
  wire::put_new_route(**batch, *record);
  expect({.step = at_, .may_exist = true, .undo = plan_[at_].inverse()});
  return {};
}

base::Result<void> Applier::unmake(const ports::Route& route) {
  auto there = places_.find(route.netns);
  if (!there) return std::unexpected(there.error());
  if (*there == nullptr) return {};
  wire::RouteRecord record;  // destination, metric and our protocol number say which
  record.destination = route.destination;
  record.metric = route.metric;
  record.protocol = route_protocol;
  auto batch = batch_for(route.netns);
  if (!batch) return std::unexpected(batch.error());
  wire::put_delete_route(**batch, record);
  expect({.step = at_, .harmless = {ESRCH, ENODEV, ENETUNREACH}, .undo = plan_[at_].inverse()});
  return {};
}

base::Result<void> Applier::resolve_existing(const ports::Route& route, std::size_t step) {
  auto target = place(route.netns);
  if (!target) return std::unexpected(target.error());
  auto routes = read_routes((*target)->socket);
  if (!routes) return std::unexpected(routes.error());
  auto wanted = record_of(route);
  if (!wanted) return std::unexpected(wanted.error());
  const auto* found = find_route(*routes, route);
  if (found == nullptr) {
    return base::fail(base::ErrorKind::conflict,
                      fmt::format("a route to {} exists that fairlead did not make", route.destination.text()));
  }
  if (found->via == wanted->via && (wanted->device == 0 || found->device == wanted->device)) return {};
  wire::put_delete_route(now_, *found);
  wire::put_new_route(now_, *wanted);
  auto acks = (*target)->socket.transact(now_);
  if (!acks) return std::unexpected(acks.error());
  undo_[step] = ports::Step{route, std::nullopt};
  for (const auto& ack : *acks) {
    if (ack.error != 0) return base::fail_errno(ack.error, "replacing the route");
  }
  return {};
}

}  // namespace fairlead::linuxnet
