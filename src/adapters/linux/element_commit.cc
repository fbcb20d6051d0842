#include "adapters/linux/element_commit.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

#include "adapters/linux/nft_fields.h"

namespace fairlead::linuxnet {
namespace {

constexpr int attempts = 64;  // each mends all that the kernel named; more than two are rare

base::Error about(const ports::Step& step, base::Error error) {
  error.context = ports::describe(step);
  error.text = fmt::format("{}: {}", error.context, error.text);
  return error;
}

const ports::FirewallElement* element_of(const std::optional<ports::Object>& object) {
  return object ? std::get_if<ports::FirewallElement>(&*object) : nullptr;
}

}  // namespace

base::Result<void> ElementCommit::run(const ports::Plan& steps) {
  for (const auto& step : steps) {
    if (auto planned = plan(step, element_of(step.before), false); !planned) return planned;
    if (auto planned = plan(step, element_of(step.after), true); !planned) return planned;
  }
  for (int attempt = 0; attempt < attempts; ++attempt) {
    if (std::ranges::all_of(operations_, &Operation::dropped)) return {};
    auto accepted = send();
    if (!accepted) return std::unexpected(accepted.error());
    if (*accepted) return {};
  }
  return base::fail(base::ErrorKind::unavailable, "the firewall is being changed by somebody else all the time");
}

base::Result<void> ElementCommit::plan(const ports::Step& step, const ports::FirewallElement* element, bool is_new) {
  if (element == nullptr) return {};
  if (auto sound = check_element(*element); !sound) return std::unexpected(about(step, sound.error()));
  auto set = tables_.find(element->table, element->set);
  if (!set) return std::unexpected(about(step, set.error()));
  if (*set == nullptr) {
    if (!is_new) return {};
    return std::unexpected(
        about(step, {base::ErrorKind::not_found, fmt::format("there is no set {}", element->set), ""}));
  }
  auto encoded = encode_element(**set, *element);
  if (!encoded) return std::unexpected(about(step, encoded.error()));
  operations_.push_back({is_new, element, &step, std::move(*set), std::move(*encoded)});
  return {};
}

base::Result<bool> ElementCommit::send() {
  existing_.clear();
  std::vector<Operation*> sent{nullptr};  // by request; the first is the transaction itself
  wire::put_nft_begin(batch_);
  for (auto& operation : operations_) {
    if (operation.dropped) continue;
    const auto& [table, set] = std::pair(operation.element->table, operation.element->set);
    if (operation.replaces || !operation.is_new) {
      wire::put_nft_delete_elements(batch_, table, set, operation.encoded);
      sent.push_back(&operation);
    }
    if (operation.is_new) {
      wire::put_nft_new_elements(batch_, table, set, operation.encoded);
      sent.push_back(&operation);
    }
  }
  wire::put_nft_end(batch_);
  sent.push_back(nullptr);
  bool lost = false;
  auto acks = socket_.transact_unacknowledged(batch_, lost);
  if (!acks) return std::unexpected(acks.error());
  bool accepted = !lost;
  for (std::size_t i = 0; i < acks->size(); ++i) {
    const auto& ack = (*acks)[i];
    if (ack.error == 0) continue;
    accepted = false;
    if (sent[i] == nullptr) return base::fail_errno(ack.error, "changing the firewall");
    if (auto mended = mend(*sent[i], ack); !mended) return std::unexpected(mended.error());
  }
  return accepted;
}

base::Result<void> ElementCommit::mend(Operation& operation, const Ack& ack) {
  if (ack.error == ENOENT && !operation.is_new) {
    operation.dropped = true;
    return {};
  }
  if (ack.error == ENOENT && operation.replaces) {
    operation.replaces = false;  // somebody was quicker
    return {};
  }
  if (ack.error == EEXIST && operation.is_new) return mend_existing(operation);
  if (ack.error == ENOENT) tables_.forget();
  const bool overlaps = ack.error == ENOTEMPTY;
  auto text = overlaps ? "it overlaps another element" : std::generic_category().message(ack.error);
  if (!ack.reason.empty()) text += " (" + ack.reason + ")";
  const auto kind = overlaps ? base::ErrorKind::conflict : base::ErrorKind::internal;
  return std::unexpected(about(*operation.step, {kind, std::move(text), {}}));
}

base::Result<const ports::FirewallElement*> ElementCommit::existing(const Operation& operation,
                                                                    const std::string& key) {
  const auto& element = *operation.element;
  const auto [entry, fresh] = existing_.try_emplace(element.table + " " + element.set);
  if (fresh) {
    auto there = tables_.elements(element.table, *operation.set);
    if (!there) return std::unexpected(there.error());
    for (auto& one : *there) entry->second.emplace(ports::key_of(one), one);
  }
  const auto found = entry->second.find(key);
  return found == entry->second.end() ? nullptr : &found->second;
}

base::Result<void> ElementCommit::mend_existing(Operation& operation) {
  const auto& element = *operation.element;
  const auto key = ports::key_of(element);
  auto found = existing(operation, key);
  if (!found) return std::unexpected(about(*operation.step, found.error()));
  if (*found != nullptr) {
    const auto as_it_is = encode_element(*operation.set, **found);
    const bool is_so = as_it_is && *as_it_is == operation.encoded;
    (is_so ? operation.dropped : operation.replaces) = true;
    return {};
  }
  // Two steps of this plan give the same key: the later one stands.
  const auto is_twin = [&](const Operation& one) {
    return &one != &operation && one.is_new && !one.dropped && ports::key_of(*one.element) == key;
  };
  const auto twin = std::ranges::find_if(operations_, is_twin);
  if (twin == operations_.end() || &*twin > &operation) {
    return std::unexpected(about(*operation.step, {base::ErrorKind::conflict, "it overlaps another element", {}}));
  }
  twin->dropped = true;
  return {};
}

}  // namespace fairlead::linuxnet
