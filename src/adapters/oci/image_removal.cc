#include "adapters/oci/image_removal.h"

#include <fmt/format.h>

#include <algorithm>

#include "adapters/oci/image_digest.h"

namespace fairlead::oci {

namespace {

using InUse = std::map<std::string, std::string>;
constexpr std::string_view kStopped = "stopped:";

std::string name_part(const std::string& reference) {
  const auto at = reference.find('@');
  return at != std::string::npos ? reference.substr(0, at) : reference.substr(0, reference.rfind(':'));
}

/// At most one tag, and every name in one repository: then "the image" and "its name" are one thing to the user.
bool has_single_reference(const ImageIndex::Entry& entry) {
  if (entry.tags.size() + entry.digests.size() <= 1) return true;
  if (entry.tags.size() > 1) return false;
  const auto name = name_part(entry.tags.empty() ? *entry.digests.begin() : *entry.tags.begin());
  return std::ranges::all_of(entry.digests, [&](const auto& digest) { return name_part(digest) == name; });
}

void untag(ImageIndex& index, std::string name, Removal& out) {
  index.drop_name(name);
  out.untagged.push_back(std::move(name));
}

void untag_all(ImageIndex& index, const std::string& id, Removal& out) {
  const auto entry = *index.entry(id);
  for (const auto& name : entry.tags) untag(index, name, out);
  for (const auto& name : entry.digests) untag(index, name, out);
}

std::unexpected<base::Error> conflict(const std::string& id, bool hard, std::string_view why) {
  return base::fail(base::ErrorKind::conflict, fmt::format("conflict: unable to delete {} ({} be forced) - {}",
                                                           short_digest(id), hard ? "cannot" : "must", why));
}

/// Who stands in the way of removing the image itself; nothing where force may go on.
base::Result<void> check_users(const std::string& id, bool force, const InUse& in_use) {
  const auto user = in_use.find(id);
  if (user == in_use.end()) return {};
  const std::string_view who = user->second;
  if (!who.starts_with(kStopped)) {
    return conflict(id, true, fmt::format("image is being used by running container {}", who.substr(0, 12)));
  }
  if (force) return {};
  return conflict(id, false,
                  fmt::format("image is being used by stopped container {}", who.substr(kStopped.size(), 12)));
}

void remove_image(ImageIndex& index, const std::string& id, const InUse& in_use, Removal& out) {
  untag_all(index, id, out);
  if (in_use.contains(id)) return;
  index.drop(id);
  out.images.push_back(id);
}

base::Result<Removal> remove_by_id(ImageIndex& index, const std::string& id, bool force, const InUse& in_use) {
  Removal out;
  if (auto free = check_users(id, force, in_use); !free) return std::unexpected(free.error());
  if (!has_single_reference(*index.entry(id)) && !force) {
    return conflict(id, false, "image is referenced in multiple repositories");
  }
  remove_image(index, id, in_use, out);
  return out;
}

base::Result<Removal> remove_by_name(ImageIndex& index, const std::string& reference, const std::string& id, bool force,
                                     const InUse& in_use) {
  const auto user = in_use.find(id);
  if (!force && user != in_use.end() && has_single_reference(*index.entry(id))) {
    std::string_view who = user->second;
    if (who.starts_with(kStopped)) who.remove_prefix(kStopped.size());
    return base::fail(
        base::ErrorKind::conflict,
        fmt::format("conflict: unable to remove repository reference \"{}\" (must force) - container {} is "
                    "using its referenced image {}",
                    reference, who.substr(0, 12), short_digest(id)));
  }
  Removal out;
  const auto parsed = wire::parse_image_reference(reference)->with_default_tag();
  const auto name = parsed.digest.empty() ? parsed.familiar() : parsed.familiar_name() + "@" + parsed.digest;
  untag(index, name, out);
  const auto left = *index.entry(id);
  const auto same_repository = [&](const auto& other) { return name_part(other) == parsed.familiar_name(); };
  if (parsed.digest.empty() && std::ranges::none_of(left.tags, same_repository)) {
    for (const auto& digest : left.digests) {
      if (same_repository(digest)) untag(index, digest, out);
    }
  }
  const auto* now = index.entry(id);
  if (now->tags.empty() && now->digests.empty()) remove_image(index, id, in_use, out);
  return out;
}

}  // namespace

base::Result<Removal> plan_removal(ImageIndex& index, const std::string& reference, bool force, const InUse& in_use) {
  auto found = index.resolve(reference);
  if (!found) return std::unexpected(found.error());
  if (found->by_id) return remove_by_id(index, found->id, force, in_use);
  return remove_by_name(index, reference, found->id, force, in_use);
}

Removal plan_prune(ImageIndex& index, bool all, const InUse& in_use) {
  std::vector<std::string> victims;
  for (const auto& [id, entry] : index.entries()) {
    const bool dangling = entry.tags.empty() && entry.digests.empty();
    if ((dangling || all) && !in_use.contains(id)) victims.push_back(id);
  }
  Removal out;
  for (const auto& id : victims) remove_image(index, id, in_use, out);
  return out;
}

}  // namespace fairlead::oci
