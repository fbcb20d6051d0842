#include "engine/forwarding.h"

#include <fmt/format.h>

namespace fairlead::engine {

void forget_earlier_boot(const Facts& facts, HostRecord& host) {
  const auto& now = facts.host.boot_id;
  if (now.empty() || host.boot_id == now) return;
  // An older version noted no boot. It may have been this one, and a host that is opened by mistake is the worse
  // mistake.
  if (!host.boot_id.empty())
    host.forwarding_switched_on = host.ipv6_forwarding_switched_on = host.ipv6_forwarding_of_others = false;
  host.boot_id = now;
}

void want_ipv6_forwarding(const Facts& facts, HostRecord& host) {
  host.ipv6_forwarding = true;
  if (!host.ipv6_forwarding_switched_on) host.ipv6_forwarding_of_others = facts.host.ipv6_forwarding_was_on;
  host.ipv6_forwarding_switched_on = host.ipv6_forwarding_switched_on || !facts.host.ipv6_forwarding_was_on;
}

std::string forwarding_warning(const HostRecord& before, const HostRecord& after, const Facts& facts) {
  const bool switched = after.ipv6_forwarding_switched_on && !before.ipv6_forwarding_switched_on;
  if (!switched || facts.host.advertised_links.empty()) return {};
  const auto& link = facts.host.advertised_links.front();
  return fmt::format(
      "IPv6 forwarding is switched on for this network: {} got its default route by router advertisement and loses it "
      "when it expires, unless net.ipv6.conf.{}.accept_ra is set to 2",
      fmt::join(facts.host.advertised_links, ", "), link);
}

}  // namespace fairlead::engine
