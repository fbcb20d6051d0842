#include "adapters/linux/table_change.h"

#include <fmt/format.h>
#include <linux/netlink.h>

#include "adapters/linux/nft_fields.h"
#include "adapters/linux/skeleton.h"
#include "base/log.h"
#include "wire/nft_text.h"

namespace fairlead::linuxnet {

bool is_ensured(const ports::Step& step) {
  if (!step.before && !step.after) return false;
  const auto* skeleton = std::get_if<ports::FirewallSkeleton>(&step.subject());
  return skeleton != nullptr && skeleton->ensured;
}

base::Result<std::optional<SkeletonChange>> skeleton_change(const ports::Plan& steps) {
  std::optional<SkeletonChange> last;
  for (const auto& step : steps) {
    if ((!step.before && !step.after) || is_ensured(step)) continue;
    const auto* skeleton = std::get_if<ports::FirewallSkeleton>(&step.subject());
    if (skeleton == nullptr) {
      if (std::holds_alternative<ports::FirewallElement>(step.subject())) continue;
      return base::fail(base::ErrorKind::internal, "not a firewall object: " + ports::describe(step));
    }
    if (last && last->skeleton->table != skeleton->table) {
      return base::fail(base::ErrorKind::invalid, "one transaction can replace one firewall table only");
    }
    if (!wire::is_nft_name(skeleton->table))
      return base::fail(base::ErrorKind::invalid, "an unfit firewall table name");
    last = SkeletonChange{skeleton, step.after.has_value()};
  }
  return last;
}

base::Result<Elements> after_steps(Elements elements, const std::string& table, const ports::Plan& steps) {
  for (const auto& step : steps) {
    const auto* before = step.before ? std::get_if<ports::FirewallElement>(&*step.before) : nullptr;
    const auto* after = step.after ? std::get_if<ports::FirewallElement>(&*step.after) : nullptr;
    for (const auto* element : {before, after}) {
      if (element == nullptr) continue;
      if (auto sound = check_element(*element); !sound) return std::unexpected(sound.error());
      if (element->table != table) {
        return base::fail(base::ErrorKind::invalid, "one transaction can replace one firewall table only");
      }
    }
    if (before != nullptr) elements.erase(ports::key_of(*before));
    if (after != nullptr) elements.insert_or_assign(ports::key_of(*after), *after);
  }
  return elements;
}

std::string table_text(const ports::FirewallSkeleton& skeleton, const Elements& elements) {
  // Added first, because nft refuses to delete what is not there.
  auto text = fmt::format("add table inet {0}\ndelete table inet {0}\ntable inet {0} {{\ncomment \"{1}\"\n{2}\n}}\n",
                          skeleton.table, skeleton_comment(skeleton.text), skeleton.text);
  for (const auto& [key, element] : elements) text += element_text(element);
  return text;
}

std::map<std::string, wire::NftSet> sets_of(const CompiledTable& compiled) {
  std::map<std::string, wire::NftSet> sets;
  for (const auto& message : compiled) {
    if (auto set = wire::parse_nft_set(reinterpret_cast<const nlmsghdr*>(message.data())))
      sets.emplace(set->name, *set);
  }
  return sets;
}

Elements fitting(std::vector<ports::FirewallElement> there, const CompiledTable& compiled) {
  const auto sets = sets_of(compiled);
  Elements kept;
  for (auto& element : there) {
    const auto set = sets.find(element.set);
    if (set == sets.end() || !check_element(element)) continue;
    if (const auto encoded = encode_element(set->second, element); !encoded) {
      base::log(base::LogLevel::warn, "lost with the change of a firewall table: {}: {}", ports::describe(element),
                encoded.error().text);
      continue;
    }
    kept.emplace(ports::key_of(element), std::move(element));
  }
  return kept;
}

}  // namespace fairlead::linuxnet
