#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace fairlead::wire {

/// Who a process runs as.
struct ProcessUser {
  std::uint32_t uid = 0, gid = 0;
  std::vector<std::uint32_t> groups;  ///< supplementary, ascending, without doubles
  std::string home = "/";
  bool operator==(const ProcessUser&) const = default;
};

/// Resolves Docker's `--user` (`NAME|UID[:GROUP|GID]`, empty is root) and `--group-add` against the texts of
/// passwd(5) and group(5). Names that are not there are `invalid`, in Docker's words; broken lines are passed over.
base::Result<ProcessUser> resolve_user(std::string_view user, const std::vector<std::string>& group_add,
                                       std::string_view passwd, std::string_view group);

}  // namespace fairlead::wire
