#include <set>

#include "engine/render.h"

namespace fairlead::engine {
namespace {

using Found = std::set<Scope>;

/// Whether anything but the place where the search for addresses goes on differs.
bool looks_other(Network before, const Network& after) {
  if (before.subnets.size() == after.subnets.size()) {
    for (std::size_t i = 0; i < after.subnets.size(); ++i) before.subnets[i].cursor = after.subnets[i].cursor;
  }
  return before != after;
}

/// The sandboxes in which this network is drawn.
void add_members(const State& before, const NetworkId& id, Found& found) {
  for (const auto& member : before.members(id)) {
    if (member->sandbox) found.insert(*member->sandbox);
  }
}

void add_network(const State& before, const Network& changed, Found& found) {
  const auto known = before.network(changed.id);
  if (known && !looks_other(*known, changed)) return;
  found.insert(changed.id);
  if (changed.parent.origin == ParentLink::Origin::vlan) found.insert(HostScope{});
  if (known) add_members(before, changed.id, found);
}

void add_container(const State& before, const Container& changed, Found& found) {
  const auto known = before.container(changed.id);
  if (known && known->sandbox == changed.sandbox && known->attachments == changed.attachments &&
      known->published == changed.published && known->name == changed.name)
    return;
  if (known && known->sandbox) found.insert(*known->sandbox);
  if (changed.sandbox) found.insert(*changed.sandbox);
}

void add_sandbox(const State& before, const Sandbox& changed, Found& found) {
  const auto known = before.sandbox(changed.id);
  if (!known || known->netns != changed.netns || known->owner != changed.owner) found.insert(changed.id);
}

void add_erased(const State& before, const Erase& gone, Found& found) {
  if (const auto* id = std::get_if<NetworkId>(&gone.key)) {
    found.insert(*id);
    const auto known = before.network(*id);
    if (known && known->parent.origin == ParentLink::Origin::vlan) found.insert(HostScope{});
    add_members(before, *id, found);
  } else if (const auto* sandbox = std::get_if<SandboxId>(&gone.key)) {
    found.insert(*sandbox);
  } else if (const auto known = before.container(std::get<ContainerId>(gone.key)); known && known->sandbox) {
    found.insert(*known->sandbox);
  }
}

}  // namespace

std::vector<Scope> touched(const State& before, const std::vector<Change>& changes) {
  Found found;
  for (const auto& change : changes) {
    if (const auto* network = std::get_if<Network>(&change)) add_network(before, *network, found);
    if (const auto* container = std::get_if<Container>(&change)) add_container(before, *container, found);
    if (const auto* sandbox = std::get_if<Sandbox>(&change)) add_sandbox(before, *sandbox, found);
    if (const auto* host = std::get_if<HostRecord>(&change); host && *host != before.host()) found.insert(HostScope{});
    if (const auto* gone = std::get_if<Erase>(&change)) add_erased(before, *gone, found);
  }
  return {found.begin(), found.end()};
}

}  // namespace fairlead::engine
