#include "wire/oci_user.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <set>

namespace fairlead::wire {
namespace {

constexpr std::uint32_t kMaxId = 2147483647;

std::vector<std::string_view> split(std::string_view text, char by) {
  std::vector<std::string_view> parts;
  while (true) {
    const auto at = text.find(by);
    parts.push_back(text.substr(0, at));
    if (at == std::string_view::npos) return parts;
    text.remove_prefix(at + 1);
  }
}

std::optional<std::uint64_t> number(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<std::uint32_t> id_in_range(std::string_view text) {
  const auto value = number(text);
  if (!value || *value > kMaxId) return std::nullopt;
  return static_cast<std::uint32_t>(*value);
}

struct PasswdEntry {
  std::string_view name, home;
  std::uint32_t uid = 0, gid = 0;
};

std::optional<PasswdEntry> passwd_entry(std::string_view line) {
  const auto fields = split(line, ':');
  if (fields.size() < 6 || fields[0].empty()) return std::nullopt;
  const auto uid = id_in_range(fields[2]);
  const auto gid = id_in_range(fields[3]);
  if (!uid || !gid) return std::nullopt;
  return PasswdEntry{fields[0], fields[5], *uid, *gid};
}

struct GroupEntry {
  std::string_view name;
  std::uint32_t gid = 0;
  std::vector<std::string_view> members;
};

std::optional<GroupEntry> group_entry(std::string_view line) {
  const auto fields = split(line, ':');
  if (fields.size() < 3 || fields[0].empty()) return std::nullopt;
  const auto gid = id_in_range(fields[2]);
  if (!gid) return std::nullopt;
  return GroupEntry{fields[0], *gid, fields.size() > 3 ? split(fields[3], ',') : std::vector<std::string_view>{}};
}

template <class Entry>
std::vector<Entry> entries(std::string_view text, std::optional<Entry> (*parse)(std::string_view)) {
  std::vector<Entry> all;
  for (auto line : split(text, '\n')) {
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.empty() || line.front() == '#') continue;
    if (auto entry = parse(line)) all.push_back(std::move(*entry));
  }
  return all;
}

std::unexpected<base::Error> out_of_range() {
  return base::fail(base::ErrorKind::invalid, fmt::format("uids and gids must be in range 0-{}", kMaxId));
}

base::Result<std::uint32_t> find_group(std::string_view wanted, const std::vector<GroupEntry>& groups) {
  for (const auto& group : groups)
    if (group.name == wanted) return group.gid;
  if (number(wanted)) {
    if (const auto gid = id_in_range(wanted)) return *gid;
    return out_of_range();
  }
  return base::fail(base::ErrorKind::invalid,
                    fmt::format("unable to find group {}: no matching entries in group file", wanted));
}

/// Fills uid, gid and home; gives the name to look for among the groups' members.
base::Result<std::string_view> find_user(std::string_view wanted, const std::vector<PasswdEntry>& users,
                                         ProcessUser& found) {
  const auto as_number = number(wanted);
  const auto entry = std::ranges::find_if(users, [&](const PasswdEntry& one) {
    return wanted.empty() ? one.uid == 0 : one.name == wanted || (as_number && one.uid == *as_number);
  });
  if (entry != users.end()) {
    found.uid = entry->uid;
    found.gid = entry->gid;
    if (!entry->home.empty()) found.home = std::string(entry->home);
    return entry->name;
  }
  if (wanted.empty()) return std::string_view{};
  if (!as_number)
    return base::fail(base::ErrorKind::invalid,
                      fmt::format("unable to find user {}: no matching entries in passwd file", wanted));
  const auto uid = id_in_range(wanted);
  if (!uid) return out_of_range();
  found.uid = *uid;
  return std::string_view{};
}

}  // namespace

base::Result<ProcessUser> resolve_user(std::string_view user, const std::vector<std::string>& group_add,
                                       std::string_view passwd, std::string_view group) {
  const auto colon = user.find(':');
  const auto user_part = user.substr(0, colon);
  const auto group_part = colon == std::string_view::npos ? std::string_view{} : user.substr(colon + 1);
  const auto groups = entries<GroupEntry>(group, group_entry);

  ProcessUser found;
  const auto name = find_user(user_part, entries<PasswdEntry>(passwd, passwd_entry), found);
  if (!name) return std::unexpected(name.error());
  std::set<std::uint32_t> supplementary;
  if (!group_part.empty()) {
    const auto gid = find_group(group_part, groups);
    if (!gid) return std::unexpected(gid.error());
    found.gid = *gid;
  } else if (!name->empty()) {
    for (const auto& one : groups)
      if (std::ranges::find(one.members, *name) != one.members.end()) supplementary.insert(one.gid);
  }
  for (const auto& extra : group_add) {
    const auto gid = find_group(extra, groups);
    if (!gid) return std::unexpected(gid.error());
    supplementary.insert(*gid);
  }
  found.groups.assign(supplementary.begin(), supplementary.end());
  return found;
}

}  // namespace fairlead::wire
