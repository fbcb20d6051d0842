#include "adapters/linux/applier.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

#include "adapters/linux/mark.h"
#include "adapters/linux/netns.h"
#include "adapters/linux/sysctl.h"
#include "base/log.h"

namespace fairlead::linuxnet {
namespace {

/// Acknowledgements queue up in the socket until they are read; so many fit its default size with room to spare.
constexpr std::size_t most_requests = 64;

/// On a kernel without IPv6 there is nothing to be turned off.
bool is_moot(const ports::Sysctl& sysctl) {
  const bool turns_on =
      sysctl.key.ends_with("/forwarding") || (sysctl.key.ends_with("/disable_ipv6") && sysctl.value == "0");
  if (!sysctl.key.starts_with("net/ipv6/") || turns_on) return false;
  const auto any = read_sysctl("net/ipv6/conf/all/forwarding");
  return any && !*any;
}

std::string where(const ports::NetnsName& netns) {
  return netns.empty() ? "the host" : "namespace " + netns;
}

}  // namespace

bool is_ours(const wire::LinkRecord& link) {
  return link.alias.starts_with(alias_mark) || link.group == nascent_group || link.group == condemned_group;
}

base::Error foreign(const ports::LinkKey& key) {
  return {base::ErrorKind::conflict,
          fmt::format("interface {} of {} was not made by fairlead, it is left alone", key.name, where(key.netns)), ""};
}

base::Result<void> Applier::run() {
  for (const auto& step : plan_) {
    const auto* netns = step.after ? nullptr : step.before ? std::get_if<ports::Netns>(&*step.before) : nullptr;
    if (netns != nullptr) leaving_.insert(netns->name);
  }
  base::Result<void> result;
  for (at_ = 0; result && at_ < plan_.size(); ++at_) {
    failed_ = at_;
    const auto& step = plan_[at_];
    if (goes_with_its_netns(step)) continue;
    result = apply(step.before ? &*step.before : nullptr, step.after ? &*step.after : nullptr);
  }
  if (result) result = flush();
  if (result) announce();
  if (result) return {};
  auto error = result.error();
  error.context = ports::describe(plan_[failed_]);
  error.text = fmt::format("{}: {}", error.context, error.text);
  return std::unexpected(std::move(error));
}

/// Neighbours may still know the address by the machine that had it before. The kernel tells them (gratuitous ARP,
/// unsolicited neighbour advertisement) when an interface gets a link address, also the same one again, if arp_notify
/// and ndisc_notify are set there. The questions about the near end and its bridge make the kernel look at their
/// carrier first (linkwatch_sync_dev): a port that its bridge takes for dead lets nothing pass.
void Applier::announce() {
  for (const auto& [far_key, pair] : new_pairs_) {
    const auto far = known_.find(far_key);
    if (!pair.has_addresses || far == known_.end()) continue;
    auto near_place = places_.find(pair.near.netns);
    auto far_place = places_.find(far_key.netns);
    if (!near_place || !*near_place || !far_place || !*far_place) continue;
    if (!pair.near.name.empty()) wire::put_get_link(now_, pair.near.name);
    if (!pair.master.empty()) wire::put_get_link(now_, pair.master);
    auto looked = (*near_place)->socket.transact(now_, [](const nlmsghdr*) {});
    wire::put_set_link(now_, far->second.index, {.mac = pair.mac});
    auto told = (*far_place)->socket.transact(now_);
    if (!looked || !told || told->front().error != 0)
      base::log(base::LogLevel::debug, "announcing the addresses of {} in {} failed", far_key.name, far_key.netns);
  }
}

ports::Plan Applier::undo_plan() const {
  ports::Plan plan;
  for (auto step = undo_.rbegin(); step != undo_.rend(); ++step) {
    if (*step) plan.push_back(**step);
  }
  return plan;
}

bool Applier::goes_with_its_netns(const ports::Step& step) const {
  if (step.after || !step.before || leaving_.empty()) return false;
  if (const auto* address = std::get_if<ports::Address>(&*step.before)) return leaving_.contains(address->link.netns);
  if (const auto* route = std::get_if<ports::Route>(&*step.before)) return leaving_.contains(route->netns);
  return false;
}

base::Result<void> Applier::apply(const ports::Object* before, const ports::Object* after) {
  if (before == nullptr && after == nullptr) return {};
  if (before != nullptr && after != nullptr && before->index() != after->index()) {
    return base::fail(base::ErrorKind::internal, "a step cannot turn one kind of object into another");
  }
  return std::visit(
      [&]<class T>(const T& subject) -> base::Result<void> {
        if constexpr (std::is_same_v<T, ports::FirewallSkeleton> || std::is_same_v<T, ports::FirewallElement>) {
          return base::fail(base::ErrorKind::internal, "a firewall object is not the kernel adapter's");
        } else if constexpr (std::is_same_v<T, ports::Sysctl>) {
          return after != nullptr ? set(subject) : base::Result<void>{};
        } else if (after == nullptr) {
          return unmake(subject);
        } else if (before == nullptr || *before == *after) {
          return make(subject);
        } else if constexpr (std::is_same_v<T, ports::Link>) {
          return change(std::get<ports::Link>(*before), subject);
        } else {
          if (auto gone = unmake(std::get<T>(*before)); !gone) return gone;
          auto made = make(subject);
          changed(plan_[at_].inverse());
          return made;
        }
      },
      after != nullptr ? *after : *before);
}

base::Result<void> Applier::make(const ports::Netns& netns) {
  if (auto sent = flush(); !sent) return sent;
  auto made = create_netns(netns.name);
  if (!made) return std::unexpected(made.error());
  if (*made) changed(plan_[at_].inverse());
  return {};
}

base::Result<void> Applier::unmake(const ports::Netns& netns) {
  if (auto sent = flush(); !sent) return sent;
  places_.forget(netns.name);
  std::erase_if(known_, [&](const auto& entry) { return entry.first.netns == netns.name; });
  auto gone = remove_netns(netns.name);
  if (!gone) return std::unexpected(gone.error());
  if (*gone) changed(plan_[at_].inverse());
  return {};
}

base::Result<void> Applier::set(const ports::Sysctl& sysctl) {
  if (auto sent = flush(); !sent) return sent;
  auto target = place(sysctl.netns);
  if (!target) return std::unexpected(target.error());
  return inside_netns((*target)->netns, [&]() -> base::Result<void> {
    auto old = read_sysctl(sysctl.key);
    if (!old) return std::unexpected(old.error());
    if (*old == sysctl.value || (!*old && is_moot(sysctl))) return {};
    if (auto written = write_sysctl(sysctl.key, sysctl.value); !written) return written;
    if (*old) changed(ports::Step{sysctl, ports::Sysctl{sysctl.netns, sysctl.key, **old}});
    return {};
  });
}

base::Result<Place*> Applier::place(const ports::NetnsName& name) {
  auto found = places_.find(name);
  if (found && *found == nullptr) {
    return base::fail(base::ErrorKind::not_found, fmt::format("there is no network namespace {}", name));
  }
  return found;
}

base::Result<std::optional<wire::LinkRecord>> Applier::look_up(const ports::LinkKey& key) {
  if (const auto known = known_.find(key); known != known_.end()) return known->second;
  auto target = places_.find(key.netns);
  if (!target) return std::unexpected(target.error());
  if (*target == nullptr) return std::optional<wire::LinkRecord>{};
  if (key.name.empty() || key.name.size() > 15) {
    return base::fail(base::ErrorKind::invalid, fmt::format("invalid interface name \"{}\"", key.name));
  }
  std::optional<wire::LinkRecord> found;
  wire::put_get_link(now_, key.name);
  auto acks = (*target)->socket.transact(now_, [&](const nlmsghdr* message) { found = wire::parse_link(message); });
  if (!acks) return std::unexpected(acks.error());
  if (const int error = acks->front().error; error != 0 && error != ENODEV) {
    return base::fail_errno(error, "looking for interface " + key.name);
  }
  if (found && found->group == condemned_group) found.reset();
  if (found) known_[key] = *found;
  return found;
}

base::Result<wire::LinkRecord> Applier::look_up_ours(const ports::LinkKey& key) {
  auto found = look_up(key);
  if (!found) return std::unexpected(found.error());
  if (!*found) {
    return base::fail(base::ErrorKind::not_found,
                      fmt::format("there is no interface {} in {}", key.name, where(key.netns)));
  }
  if (key.name != "lo" && !is_ours(**found)) return std::unexpected(foreign(key));
  return std::move(**found);
}

base::Result<wire::NetlinkBatch*> Applier::batch_for(const ports::NetnsName& name) {
  if (!waiting_.empty() && (waiting_for_ != name || waiting_.count() >= most_requests)) {
    if (auto sent = flush(); !sent) return std::unexpected(sent.error());
  }
  waiting_for_ = name;
  return &waiting_;
}

base::Result<void> Applier::flush() {
  if (waiting_.empty()) return {};
  const auto expected = std::exchange(expected_, {});
  auto target = place(waiting_for_);
  if (!target) return std::unexpected(target.error());
  auto acks = (*target)->socket.transact(waiting_);
  if (!acks) return std::unexpected(acks.error());
  base::Result<void> first_failure;
  for (std::size_t i = 0; i < expected.size(); ++i) {
    auto judged = judge(expected[i], (*acks)[i]);
    if (judged || !first_failure) continue;
    first_failure = std::move(judged);
    failed_ = expected[i].step;
  }
  return first_failure;
}

base::Result<void> Applier::judge(const Expected& expected, const Ack& ack) {
  if (ack.error == 0) {
    if (expected.undo) undo_[expected.step] = expected.undo;
    return {};
  }
  if (std::ranges::find(expected.harmless, ack.error) != expected.harmless.end()) return {};
  if (expected.may_exist && ack.error == EEXIST) {
    const auto& subject = plan_[expected.step].subject();
    if (const auto* route = std::get_if<ports::Route>(&subject)) return resolve_existing(*route, expected.step);
    return restore_subnet_route(std::get<ports::Address>(subject));
  }
  const auto meaning = std::generic_category().message(ack.error);
  return base::fail(ack.error == EEXIST ? base::ErrorKind::conflict : base::ErrorKind::internal,
                    ack.reason.empty() ? meaning : fmt::format("{} ({})", meaning, ack.reason));
}

}  // namespace fairlead::linuxnet
