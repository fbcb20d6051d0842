#include "engine/diff.h"

#include <algorithm>
#include <iterator>
#include <set>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <utility>

namespace fairlead::engine {
namespace {

using ports::Object;
using ports::Step;

constexpr int kLastRank = 8;

/// Whether a kernel setting belongs to one interface, without which it does not exist; `all` and `default` always do.
bool is_of_interface(const std::string& key) {
  if (key.contains("/conf/all/") || key.contains("/conf/default/")) return false;
  return key.contains("/conf/") || key.contains("/neigh/");
}

bool opens_forwarding(const Object& object) {
  const auto* sysctl = std::get_if<ports::Sysctl>(&object);
  if (sysctl == nullptr || !sysctl->netns.empty() || is_of_interface(sysctl->key)) return false;
  return sysctl->key.ends_with("/ip_forward") || sysctl->key.ends_with("/forwarding");
}

/// Place in the order of making; see `diff`. Settings of one interface can only follow that interface.
int rank_of(const Object& object) {
  if (std::holds_alternative<ports::Netns>(object)) return 0;
  if (const auto* sysctl = std::get_if<ports::Sysctl>(&object)) {
    if (!is_of_interface(sysctl->key)) return 1;
    return sysctl->netns.empty() ? 3 : 6;
  }
  if (const auto* link = std::get_if<ports::Link>(&object)) {
    const bool is_inside = !link->key.netns.empty() && !std::holds_alternative<ports::LoopbackLink>(link->kind);
    // A port follows its bridge; a pair that is no port is something that others stand on.
    const bool is_port = std::holds_alternative<ports::VethLink>(link->kind) && !link->master.empty();
    return is_inside || is_port ? 5 : 2;
  }
  if (const auto* address = std::get_if<ports::Address>(&object)) return address->link.netns.empty() ? 4 : 7;
  return kLastRank;
}

/// What goes away as a whole and takes other objects along.
struct Gone {
  std::unordered_set<std::string> namespaces, tables;
  std::set<ports::LinkKey> links;

  void add(const Object& object) {
    if (const auto* netns = std::get_if<ports::Netns>(&object)) namespaces.insert(netns->name);
    if (const auto* skeleton = std::get_if<ports::FirewallSkeleton>(&object)) tables.insert(skeleton->table);
    if (const auto* link = std::get_if<ports::Link>(&object)) {
      links.insert(link->key);
      if (const auto* veth = std::get_if<ports::VethLink>(&link->kind)) links.insert(veth->peer);
    }
  }

  bool takes(const ports::Link& link) const {
    // A namespace goes when its last user is gone, and a child keeps its hardware address on the parent until then.
    if (!ports::parent_of(link).empty()) return false;
    const auto* veth = std::get_if<ports::VethLink>(&link.kind);
    return namespaces.contains(link.key.netns) || (veth && namespaces.contains(veth->peer.netns));
  }
  bool takes(const ports::Address& address) const {
    return links.contains(address.link) || namespaces.contains(address.link.netns);
  }
  bool takes(const ports::Route& route) const {
    return links.contains({route.netns, route.device}) || namespaces.contains(route.netns);
  }
  bool takes(const ports::FirewallElement& element) const { return tables.contains(element.table); }
  /// Settings are never unset: those of an interface go with it, and the host's others stay as people may rely on them.
  bool takes(const ports::Sysctl&) const { return true; }
  bool takes(const ports::Netns&) const { return false; }
  bool takes(const ports::FirewallSkeleton&) const { return false; }
};

/// By rank; within one rank as they came.
ports::Plan ordered(const std::vector<Step>& steps) {
  ports::Plan plan;
  for (int rank = 0; rank <= kLastRank; ++rank) {
    std::ranges::copy_if(steps, std::back_inserter(plan),
                         [&](const Step& step) { return rank_of(step.subject()) == rank; });
  }
  return plan;
}

/// One transaction: the table first, then deletions (a new interval may take an old one's place), then elements.
ports::Plan firewall_plan(const std::vector<Step>& made, const std::vector<Step>& unmade) {
  ports::Plan plan;
  const auto add = [&](const std::vector<Step>& steps, bool tables) {
    std::ranges::copy_if(steps, std::back_inserter(plan), [&](const Step& step) {
      return std::holds_alternative<ports::FirewallSkeleton>(step.subject()) == tables;
    });
  };
  add(made, true);
  add(unmade, false);
  add(made, false);
  add(unmade, true);
  return plan;
}

}  // namespace

bool is_firewall(const Object& object) {
  return std::holds_alternative<ports::FirewallSkeleton>(object) ||
         std::holds_alternative<ports::FirewallElement>(object);
}

Steps diff(const std::vector<Object>& applied, const std::vector<Object>& desired) {
  std::unordered_map<std::string, const Object*> there;
  for (const auto& object : applied) there.emplace(ports::key_of(object), &object);
  Steps steps;
  std::vector<Step> firewall_made, firewall_unmade;
  for (const auto& object : desired) {
    const auto at = there.find(ports::key_of(object));
    Step step{std::nullopt, object};
    if (at != there.end()) {
      const Object* before = std::exchange(at->second, nullptr);
      if (!before || *before == object) continue;
      step.before = *before;
    }
    auto& part = is_firewall(object) ? firewall_made : opens_forwarding(object) ? steps.forwarding : steps.make;
    part.push_back(std::move(step));
  }
  std::vector<const Object*> surplus;
  Gone gone;
  for (const auto& object : applied) {
    const auto at = there.find(ports::key_of(object));
    if (at == there.end() || at->second != &object) continue;
    surplus.push_back(&object);
    gone.add(object);
  }
  for (const auto* object : surplus) {
    if (std::visit([&](const auto& o) { return gone.takes(o); }, *object)) continue;
    (is_firewall(*object) ? firewall_unmade : steps.unmake).push_back({*object, std::nullopt});
  }
  steps.make = ordered(steps.make);
  steps.unmake = ordered(steps.unmake);
  std::ranges::reverse(steps.unmake);
  steps.firewall = firewall_plan(firewall_made, firewall_unmade);
  return steps;
}

}  // namespace fairlead::engine
