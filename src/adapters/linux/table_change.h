#pragma once
/// What a transaction makes of a firewall table: which skeleton, and which elements are in it afterwards. Pure.
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "adapters/linux/compiled_table.h"
#include "base/error.h"
#include "ports/plan.h"
#include "wire/nft_set.h"

namespace fairlead::linuxnet {

using Elements = std::map<std::string, ports::FirewallElement>;  ///< by key

/// A table that is only ever made, for others to fill.
bool is_ensured(const ports::Step& step);

/// The last word of `steps` on a skeleton: which, and whether it is to be. It refers to `steps`.
struct SkeletonChange {
  const ports::FirewallSkeleton* skeleton;
  bool wanted;
};
/// Nothing if they do not speak of one. `invalid` for two tables at once and names that nft does not take.
base::Result<std::optional<SkeletonChange>> skeleton_change(const ports::Plan& steps);

/// Elements after the steps: what was there, less what goes, with what comes.
base::Result<Elements> after_steps(Elements elements, const std::string& table, const ports::Plan& steps);
/// How a compiled table declares its sets, by name.
std::map<std::string, wire::NftSet> sets_of(const CompiledTable& compiled);
/// Those that still have a place under the new body. A set that went takes its elements along; one that changed its
/// type loses those that it cannot hold.
Elements fitting(std::vector<ports::FirewallElement> there, const CompiledTable& compiled);
/// For nft(8): the table made anew, with these elements.
std::string table_text(const ports::FirewallSkeleton& skeleton, const Elements& elements);

}  // namespace fairlead::linuxnet
