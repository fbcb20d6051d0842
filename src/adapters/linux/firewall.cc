#include "adapters/linux/firewall.h"

#include <fmt/format.h>
#include <linux/netlink.h>

#include <algorithm>
#include <cerrno>

#include "adapters/linux/compiled_table.h"
#include "adapters/linux/element_commit.h"
#include "adapters/linux/netns.h"
#include "adapters/linux/nft_fields.h"
#include "adapters/linux/skeleton.h"
#include "adapters/linux/table_change.h"
#include "base/log.h"
#include "wire/nft_replay.h"
#include "wire/nft_text.h"

namespace fairlead::linuxnet {
namespace {

class LinuxFirewall final : public ports::Firewall {
 public:
  LinuxFirewall(base::Fd netns, NetlinkSocket socket, ports::SocketKeeper* keeper, TableOwnership most)
      : netns_(std::move(netns)), socket_(std::move(socket)), tables_(socket_), keeper_(keeper), ownership_(most) {}

  base::Result<void> commit(const ports::Plan& steps) override;
  base::Result<std::vector<ports::Object>> observe(const std::vector<ports::Object>& wanted) override;
  base::Result<std::vector<ports::Object>> elements(const std::string& table) override;

 private:
  base::Result<void> replace(const ports::FirewallSkeleton& skeleton, const ports::Plan& steps);
  base::Result<void> replace_owned(const ports::FirewallSkeleton& skeleton, const CompiledTable& compiled,
                                   const Elements& elements);
  base::Result<void> remove(const std::string& table);
  base::Result<void> replace_owned_at_most(const ports::FirewallSkeleton& skeleton, const CompiledTable& compiled,
                                           const Elements& elements);
  bool is_as_wanted(const wire::NftTable& table, const ports::FirewallSkeleton& skeleton) const;
  base::Result<bool> is_current(const ports::FirewallSkeleton& skeleton, bool wanted);
  base::Result<std::optional<wire::NftTable>> find(const std::string& table);
  base::Result<void> ensure(const ports::FirewallSkeleton& skeleton);
  base::Result<void> transact(wire::NetlinkBatch& batch);
  base::Result<ports::Object> as_found(const ports::FirewallElement& wanted, const Elements& there) const;

  base::Fd netns_;
  NetlinkSocket socket_;
  NftTables tables_;
  ports::SocketKeeper* keeper_;  ///< null: nobody
  TableOwnership ownership_;     ///< less, once the kernel said that it knows no such tables
};

/// One that somebody else could change is to be made anew, even when its body is right.
bool LinuxFirewall::is_as_wanted(const wire::NftTable& table, const ports::FirewallSkeleton& skeleton) const {
  const bool owned = ownership_ == TableOwnership::none || table.owner == socket_.port();
  return owned && table.comment == skeleton_comment(skeleton.text);
}

base::Result<bool> LinuxFirewall::is_current(const ports::FirewallSkeleton& skeleton, bool wanted) {
  auto table = find(skeleton.table);
  if (!table) return std::unexpected(table.error());
  if (!*table) return !wanted;
  if (!is_our_comment((*table)->comment)) {
    return base::fail(
        base::ErrorKind::conflict,
        fmt::format("the firewall table \"inet {}\" was not made by fairlead, it is left alone", skeleton.table));
  }
  return wanted && is_as_wanted(**table, skeleton);
}

base::Result<void> LinuxFirewall::commit(const ports::Plan& steps) {
  auto change = skeleton_change(steps);
  if (!change) return std::unexpected(change.error());
  for (const auto& step : steps) {
    if (!is_ensured(step) || !step.after) continue;
    if (auto ensured = ensure(std::get<ports::FirewallSkeleton>(*step.after)); !ensured) return ensured;
  }
  if (*change) {
    const auto& [skeleton, wanted] = **change;
    auto current = is_current(*skeleton, wanted);
    if (!current) return std::unexpected(current.error());
    if (!*current && !wanted) {
      return remove(skeleton->table);
    }
    if (!*current) return replace(*skeleton, steps);
  }
  return ElementCommit(socket_, tables_).run(steps);
}

/// As it is, once it is ours to change: one that a daemon of ours left behind is taken over.
base::Result<std::optional<wire::NftTable>> LinuxFirewall::find(const std::string& table) {
  auto found = tables_.table(table);
  if (!found || !*found || !is_our_comment((*found)->comment)) return found;
  auto& [name, comment, flags, owner] = **found;
  if (owner != 0 && owner != socket_.port()) {
    return base::fail(base::ErrorKind::conflict,
                      fmt::format("the firewall table \"inet {}\" belongs to a program that runs (netlink port {}): "
                                  "two daemons cannot share one network namespace",
                                  table, owner));
  }
  const bool may_adopt = owner == 0 && (flags & wire::nft_table_persist) != 0;
  if (!may_adopt || ownership_ != TableOwnership::persistent) return found;
  wire::NetlinkBatch batch;
  wire::put_nft_begin(batch);
  wire::put_nft_owned_table(batch, table, comment, true);
  wire::put_nft_end(batch);
  if (auto adopted = transact(batch); !adopted) return std::unexpected(adopted.error());
  owner = socket_.port();
  return found;
}

/// Whether a transaction on a table was accepted; `lost` says that the kernel had more to refuse than could be read.
base::Result<void> accepted(const std::vector<Ack>& acks, bool lost) {
  for (const auto& ack : acks) {
    if (ack.error != 0) return base::fail_errno(ack.error, "changing a firewall table " + ack.reason);
  }
  if (lost) return base::fail(base::ErrorKind::internal, "changing a firewall table: the kernel refused it");
  return {};
}

base::Result<void> LinuxFirewall::transact(wire::NetlinkBatch& batch) {
  bool lost = false;
  const auto acks = socket_.transact_unacknowledged(batch, lost);
  if (!acks) return std::unexpected(acks.error());
  return accepted(*acks, lost);
}

base::Result<void> LinuxFirewall::remove(const std::string& table) {
  tables_.forget();
  wire::NetlinkBatch batch;
  wire::put_nft_begin(batch);
  wire::put_nft_delete_table(batch, table);
  wire::put_nft_end(batch);
  return transact(batch);
}

base::Result<void> LinuxFirewall::ensure(const ports::FirewallSkeleton& skeleton) {
  auto there = tables_.table(skeleton.table);
  if (!there) return std::unexpected(there.error());
  if (*there) return {};
  return run_nft(netns_, fmt::format("table inet {} {{\n{}\n}}\n", skeleton.table, skeleton.text));
}

/// All of it on our own socket, whose property the table becomes. `not_implemented` where the kernel has no such
/// tables.
base::Result<void> LinuxFirewall::replace_owned(const ports::FirewallSkeleton& skeleton, const CompiledTable& compiled,
                                                const Elements& elements) {
  auto there = tables_.table(skeleton.table);
  if (!there) return std::unexpected(there.error());
  const auto sets = sets_of(compiled);
  wire::NetlinkBatch batch;
  wire::put_nft_begin(batch);
  if (*there) wire::put_nft_delete_table(batch, skeleton.table);
  const auto made = batch.count();
  wire::put_nft_owned_table(batch, skeleton.table, skeleton_comment(skeleton.text),
                            ownership_ == TableOwnership::persistent);
  for (std::uint32_t id = 1; const auto& message : compiled) {
    const auto* header = reinterpret_cast<const nlmsghdr*>(message.data());
    if (!wire::put_nft_replay(batch, header, id++))
      return base::fail(base::ErrorKind::internal, "a part of the firewall table cannot be carried over");
  }
  for (const auto& [key, element] : elements) {
    const auto set = sets.find(element.set);
    if (set == sets.end()) return base::fail(base::ErrorKind::not_found, "there is no set " + element.set);
    auto encoded = encode_element(set->second, element);
    if (!encoded) return std::unexpected(encoded.error());
    wire::put_nft_new_elements(batch, skeleton.table, element.set, *encoded);
  }
  wire::put_nft_end(batch);
  bool lost = false;
  auto acks = socket_.transact_unacknowledged(batch, lost);
  if (!acks) return std::unexpected(acks.error());
  const auto refusal = acks->at(made).error;
  if (refusal == EOPNOTSUPP || refusal == EINVAL)
    return base::fail(base::ErrorKind::not_implemented, "the kernel has no such tables");
  return accepted(*acks, lost);
}

/// As far as kernel and keeper go; `not_implemented` when that is not at all.
base::Result<void> LinuxFirewall::replace_owned_at_most(const ports::FirewallSkeleton& skeleton,
                                                        const CompiledTable& compiled, const Elements& elements) {
  if (ownership_ == TableOwnership::persistent) {
    auto owned = replace_owned(skeleton, compiled, elements);
    if (owned || owned.error().kind != base::ErrorKind::not_implemented) return owned;
    ownership_ = TableOwnership::while_open;
  }
  if (ownership_ == TableOwnership::none) return base::fail(base::ErrorKind::not_implemented, "not to be owned");
  // Kept before the table is there: it must not go with this process.
  auto kept = keeper_ ? keeper_->keep({{table_socket_key, socket_.fd()}})
                      : base::fail(base::ErrorKind::unavailable, "nobody keeps the socket that would own it");
  auto owned = kept ? replace_owned(skeleton, compiled, elements)
                    : base::fail(base::ErrorKind::not_implemented, kept.error().text);
  if (owned || owned.error().kind != base::ErrorKind::not_implemented) return owned;
  ownership_ = TableOwnership::none;
  if (kept) (void)keeper_->drop({table_socket_key});
  base::log(base::LogLevel::info, "others can change the firewall table ({}); what they change is put right again",
            owned.error().text);
  return owned;
}

/// A new skeleton, the elements that are there and those of this commit, all in one transaction.
base::Result<void> LinuxFirewall::replace(const ports::FirewallSkeleton& skeleton, const ports::Plan& steps) {
  auto compiled = compile_table(skeleton.table, skeleton.text);
  if (!compiled) return std::unexpected(compiled.error());
  // What a disturbed reading lacks would be gone from the table as well, and with it what a container publishes.
  auto there = tables_.elements(skeleton.table, Disturbed::refuse);
  if (!there) return std::unexpected(there.error());
  auto elements = after_steps(fitting(std::move(*there), *compiled), skeleton.table, steps);
  if (!elements) return std::unexpected(elements.error());
  tables_.forget();
  auto owned = replace_owned_at_most(skeleton, *compiled, *elements);
  if (owned || owned.error().kind != base::ErrorKind::not_implemented) return owned;
  auto replaced = run_nft(netns_, table_text(skeleton, *elements));
  if (!replaced) replaced.error().context = ports::describe(skeleton);
  return replaced;
}

base::Result<std::vector<ports::Object>> LinuxFirewall::elements(const std::string& table) {
  auto there = tables_.elements(table);
  if (!there) return std::unexpected(there.error());
  return std::vector<ports::Object>(there->begin(), there->end());
}

/// `wanted` in its own spelling where it is the same, else as it is.
base::Result<ports::Object> LinuxFirewall::as_found(const ports::FirewallElement& wanted, const Elements& there) const {
  const auto found = there.at(ports::key_of(wanted));
  ports::FirewallElement element = wanted;
  const auto value_key = [](const ports::FirewallElement& one) {
    return ports::key_of(ports::FirewallElement{one.table, one.set, one.value, {}, {}});
  };
  if (value_key(found) != value_key(wanted)) element.value = found.value;
  element.comment = found.comment;
  return element;
}

base::Result<std::vector<ports::Object>> LinuxFirewall::observe(const std::vector<ports::Object>& wanted) {
  std::map<std::string, Elements> by_table;
  std::vector<ports::Object> found;
  for (const auto& object : wanted) {
    if (const auto* skeleton = std::get_if<ports::FirewallSkeleton>(&object)) {
      auto table = find(skeleton->table);
      if (!table) return std::unexpected(table.error());
      if (!*table || (!skeleton->ensured && !is_our_comment((*table)->comment))) continue;
      // Of another body only the hash is known.
      const bool same = skeleton->ensured || is_as_wanted(**table, *skeleton);
      found.push_back(same ? *skeleton : ports::FirewallSkeleton{skeleton->table, {}});
    }
    const auto* element = std::get_if<ports::FirewallElement>(&object);
    if (element == nullptr) continue;
    const auto [table, fresh] = by_table.try_emplace(element->table);
    if (fresh) {
      auto there = tables_.elements(element->table);
      if (!there) return std::unexpected(there.error());
      for (auto& one : *there) table->second.emplace(ports::key_of(one), one);
    }
    if (!table->second.contains(ports::key_of(*element))) continue;
    auto one = as_found(*element, table->second);
    if (!one) return std::unexpected(one.error());
    found.push_back(std::move(*one));
  }
  return found;
}

/// The one that owned the table in an earlier process, if it is still kept.
base::Result<NetlinkSocket> owning_socket(ports::SocketKeeper* keeper) {
  auto kept = keeper ? keeper->take(table_socket_key) : std::map<std::string, base::Fd>{};
  if (!kept) return std::unexpected(kept.error());
  const auto found = kept->find(table_socket_key);
  if (found != kept->end() && is_socket_of_this_netns(found->second))
    return NetlinkSocket::adopt(std::move(found->second));
  return NetlinkSocket::open(NETLINK_NETFILTER);
}

}  // namespace

base::Result<std::unique_ptr<ports::Firewall>> make_firewall(ports::SocketKeeper* keeper, TableOwnership most) {
  auto netns = current_netns();
  if (!netns) return std::unexpected(netns.error());
  auto socket = owning_socket(keeper);
  if (!socket) return std::unexpected(socket.error());
  return std::make_unique<LinuxFirewall>(std::move(*netns), std::move(*socket), keeper, most);
}

}  // namespace fairlead::linuxnet
