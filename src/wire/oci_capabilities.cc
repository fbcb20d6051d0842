#include "wire/oci_capabilities.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <optional>
#include <string_view>

namespace fairlead::wire {
namespace {

/// In the order of <linux/capability.h>: the index is the bit.
constexpr std::array<std::string_view, 41> kNames = {"CHOWN",
                                                     "DAC_OVERRIDE",
                                                     "DAC_READ_SEARCH",
                                                     "FOWNER",
                                                     "FSETID",
                                                     "KILL",
                                                     "SETGID",
                                                     "SETUID",
                                                     "SETPCAP",
                                                     "LINUX_IMMUTABLE",
                                                     "NET_BIND_SERVICE",
                                                     "NET_BROADCAST",
                                                     "NET_ADMIN",
                                                     "NET_RAW",
                                                     "IPC_LOCK",
                                                     "IPC_OWNER",
                                                     "SYS_MODULE",
                                                     "SYS_RAWIO",
                                                     "SYS_CHROOT",
                                                     "SYS_PTRACE",
                                                     "SYS_PACCT",
                                                     "SYS_ADMIN",
                                                     "SYS_BOOT",
                                                     "SYS_NICE",
                                                     "SYS_RESOURCE",
                                                     "SYS_TIME",
                                                     "SYS_TTY_CONFIG",
                                                     "MKNOD",
                                                     "LEASE",
                                                     "AUDIT_WRITE",
                                                     "AUDIT_CONTROL",
                                                     "SETFCAP",
                                                     "MAC_OVERRIDE",
                                                     "MAC_ADMIN",
                                                     "SYSLOG",
                                                     "WAKE_ALARM",
                                                     "BLOCK_SUSPEND",
                                                     "AUDIT_READ",
                                                     "PERFMON",
                                                     "BPF",
                                                     "CHECKPOINT_RESTORE"};

constexpr std::array<std::string_view, 14> kDefaults = {
    "CHOWN",  "DAC_OVERRIDE", "FSETID",  "FOWNER",           "MKNOD",      "NET_RAW", "SETGID",
    "SETUID", "SETFCAP",      "SETPCAP", "NET_BIND_SERVICE", "SYS_CHROOT", "KILL",    "AUDIT_WRITE"};

std::optional<std::size_t> bit_of(std::string_view name) {
  const auto* found = std::find(kNames.begin(), kNames.end(), name);
  if (found == kNames.end()) return std::nullopt;
  return static_cast<std::size_t>(found - kNames.begin());
}

std::string normal(std::string_view name) {
  std::string upper(name);
  std::transform(upper.begin(), upper.end(), upper.begin(), [](unsigned char c) { return std::toupper(c); });
  return upper.starts_with("CAP_") ? upper.substr(4) : upper;
}

/// The mask that a list of names stands for; `ALL` is everything available.
base::Result<std::uint64_t> mask_of(const std::vector<std::string>& names, std::uint64_t available,
                                    std::string_view option, bool must_be_available) {
  std::uint64_t mask = 0;
  for (const auto& given : names) {
    const auto name = normal(given);
    if (name == "ALL") {
      mask |= available;
      continue;
    }
    const auto bit = bit_of(name);
    if (!bit)
      return base::fail(base::ErrorKind::invalid,
                        fmt::format("invalid {}: unknown capability: \"CAP_{}\"", option, name));
    const auto one = std::uint64_t{1} << *bit;
    if (must_be_available && (available & one) == 0)
      return base::fail(
          base::ErrorKind::invalid,
          fmt::format("invalid {}: capability not supported by your kernel or not available in the current "
                      "environment: \"CAP_{}\"",
                      option, name));
    mask |= one;
  }
  return mask;
}

}  // namespace

base::Result<std::vector<std::string>> container_capabilities(const CapabilityRequest& request,
                                                              std::uint64_t available) {
  const auto add = mask_of(request.add, available, "CapAdd", true);
  if (!add) return std::unexpected(add.error());
  const auto drop = mask_of(request.drop, available, "CapDrop", false);
  if (!drop) return std::unexpected(drop.error());

  std::uint64_t defaults = 0;
  for (const auto name : kDefaults) defaults |= std::uint64_t{1} << *bit_of(name);
  const bool all_added = std::ranges::any_of(request.add, [](const auto& name) { return normal(name) == "ALL"; });
  const bool all_dropped = std::ranges::any_of(request.drop, [](const auto& name) { return normal(name) == "ALL"; });
  std::uint64_t mask = 0;
  if (request.privileged) {
    mask = available;
  } else if (all_dropped) {
    // Docker: what is added by name stays, whatever else `ALL` drops.
    mask = all_added ? 0 : *add;
  } else {
    mask = ((defaults & available) & ~*drop) | (all_added ? available & ~*drop : *add);
  }
  std::vector<std::string> names;
  for (std::size_t bit = 0; bit < kNames.size(); ++bit)
    if (mask >> bit & 1) names.push_back(fmt::format("CAP_{}", kNames[bit]));
  return names;
}

}  // namespace fairlead::wire
