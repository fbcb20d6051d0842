#pragma once
/// Who switched the host's forwarding on.
#include "engine/command.h"
#include "engine/records.h"

namespace fairlead::engine {

/// Who did is known for one boot of the machine only: at the next the host forwards when its administrator says so.
void forget_earlier_boot(const Facts& facts, HostRecord& host);

/// Notes in `host` that an IPv6 network needs the host to forward, and whose doing that is: ours, or it was so before.
/// A host that was no router before forwards nothing but what our rules let through.
void want_ipv6_forwarding(const Facts& facts, HostRecord& host);

/// What switching it on does to the host itself: interfaces that got their default route by router advertisement stop
/// listening to them, as with Docker (Documentation/networking/ip-sysctl.rst, accept_ra). Empty where nothing changes.
std::string forwarding_warning(const HostRecord& before, const HostRecord& after, const Facts& facts);

}  // namespace fairlead::engine
