#include "daemon/repair_words.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/overload.h"

namespace fairlead::daemon {
namespace {

using ports::Object;
using ports::Step;

std::string place(const ports::LinkKey& key) {
  return key.netns.empty() ? key.name : key.netns + "/" + key.name;
}

std::string gone(const Object& object) {
  return std::visit(
      base::Overload{
          [](const ports::Link& link) { return fmt::format("link {} was gone or down", place(link.key)); },
          [](const ports::Address& address) {
            return fmt::format("address {} on {}, or the route to its subnet, was gone", address.prefix.text(),
                               place(address.link));
          },
          [](const ports::Sysctl& sysctl) { return fmt::format("setting {} was not there", sysctl.key); },
          [&](const auto&) { return ports::describe(object) + " was gone"; },
      },
      object);
}

std::string on(const std::string& master) {
  return master.empty() ? "on no bridge" : "on " + master;
}

std::string changed(const ports::Link& before, const ports::Link& after) {
  std::string out = "link " + place(after.key);
  if (before.master != after.master) return out + fmt::format(" was {}, not {}", on(before.master), on(after.master));
  if (before.mtu != after.mtu) return out + fmt::format(" had mtu {}, not {}", before.mtu, after.mtu);
  if (before.mac != after.mac && before.mac && after.mac)
    return out + fmt::format(" had mac {}, not {}", before.mac->text(), after.mac->text());
  if (before.alias != after.alias) return out + fmt::format(" had the alias \"{}\"", before.alias);
  return out + " had other settings";
}

std::string different(const Object& before, const Object& after) {
  if (const auto* link = std::get_if<ports::Link>(&after)) return changed(std::get<ports::Link>(before), *link);
  if (const auto* sysctl = std::get_if<ports::Sysctl>(&after))
    return fmt::format("setting {} was {}, not {}", sysctl->key, std::get<ports::Sysctl>(before).value, sysctl->value);
  return ports::describe(after) + " was different";
}

std::string wrong(const Step& step) {
  if (!step.before) return gone(*step.after);
  if (!step.after) return ports::describe(*step.before) + " was left over";
  return different(*step.before, *step.after);
}

bool makes_table(const Step& step) {
  return !step.before && std::holds_alternative<ports::FirewallSkeleton>(*step.after);
}

}  // namespace

std::vector<std::string> what_was_wrong(const engine::Steps& steps) {
  std::vector<std::string> out;
  const auto table = std::ranges::find_if(steps.firewall, makes_table);
  if (table != steps.firewall.end()) {
    out.push_back(
        fmt::format("{} was gone, with {} elements", ports::describe(*table->after), steps.firewall.size() - 1));
  } else {
    std::ranges::transform(steps.firewall, std::back_inserter(out), wrong);
  }
  for (const auto* plan : {&steps.make, &steps.forwarding, &steps.unmake})
    std::ranges::transform(*plan, std::back_inserter(out), wrong);
  return out;
}

}  // namespace fairlead::daemon
