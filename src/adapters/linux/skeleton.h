#pragma once
#include <string>

#include "base/error.h"
#include "base/fd.h"

namespace fairlead::linuxnet {

/// The comment that a table with that body carries: our mark and a hash, so that an older body can be told.
std::string skeleton_comment(const std::string& body);
/// Does a table's comment carry our mark?
bool is_our_comment(const std::string& comment);

/// Runs nft(8) commands as one transaction in the namespace, through libnftables.
base::Result<void> run_nft(const base::Fd& netns, const std::string& commands);

}  // namespace fairlead::linuxnet
