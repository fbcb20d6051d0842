#pragma once
#include <string_view>

#include "ports/objects.h"
#include "wire/netlink_link.h"

namespace fairlead::linuxnet {

/// What the kernel calls links of that kind (IFLA_INFO_KIND).
std::string_view kernel_kind(const ports::Link& link);
/// How the kernel is asked for a link that stands on another; parent and namespace are left to the caller.
wire::ChildLink child_of(const ports::Link& link);
/// Back from what the kernel shows of such a link; nothing for another kind or a mode that we never ask for.
std::optional<ports::LinkKind> child_kind(const wire::LinkRecord& found, std::string parent);

}  // namespace fairlead::linuxnet
