#pragma once
/// The kernel port in memory, with the same manners as the real one: repeatable, undone on failure, foreign things
/// refused. Engine tests use it; the contract suite holds it to the real adapter's behaviour.
#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <iterator>
#include <map>
#include <set>

#include "ports/kernel.h"

namespace fairlead::support {

class FakeKernel final : public ports::Kernel {
 public:
  base::Result<void> apply(const ports::Plan& steps) override {
    const auto saved = objects_;
    for (const auto& step : steps) {
      auto done = fail_if_ ? fail_if_(step) : base::Result<void>{};
      if (done) done = step.after ? make(*step.after) : unmake(*step.before);
      if (done) continue;
      objects_ = saved;
      auto error = done.error();
      error.context = ports::describe(step);
      error.text = error.context + ": " + error.text;
      return std::unexpected(error);
    }
    applied_.insert(applied_.end(), steps.begin(), steps.end());
    return {};
  }

  base::Result<std::vector<ports::Object>> observe(const std::vector<ports::Object>& wanted) override {
    std::vector<ports::Object> found;
    for (const auto& object : wanted) {
      if (const auto there = objects_.find(ports::key_of(object)); there != objects_.end())
        found.push_back(there->second);
    }
    return found;
  }

  base::Result<std::vector<ports::Object>> find_marked(const std::string& alias_prefix, const std::string& netns_prefix,
                                                       const std::vector<ports::NetnsName>& inside) override {
    const auto is_marked = [&](const ports::Link& link) {
      const bool seen = link.key.netns.empty() ||
                        (!ports::parent_of(link).empty() && std::ranges::find(inside, link.key.netns) != inside.end());
      return seen && !link.alias.empty() && link.alias.starts_with(alias_prefix);
    };
    std::vector<ports::Object> found;
    for (const auto& [key, object] : objects_) {
      const auto* link = std::get_if<ports::Link>(&object);
      const auto* netns = std::get_if<ports::Netns>(&object);
      const auto* route = std::get_if<ports::Route>(&object);
      if ((link && is_marked(*link)) || (netns && netns->name.starts_with(netns_prefix)) ||
          (route && route->netns.empty()))
        found.push_back(object);
    }
    return found;
  }

  base::Result<ports::HostFacts> host_facts() override { return facts; }
  base::Result<std::set<std::string>> lacking(const std::set<std::string>& kinds) override {
    std::set<std::string> both;
    std::ranges::set_intersection(kinds, without, std::inserter(both, both.end()));
    return both;
  }
  void settle() override {}

  // For tests.
  ports::HostFacts facts;
  /// Kinds of link that it cannot make.
  std::set<std::string> without;
  /// Makes the steps fail for which `decide` returns an error.
  void fail_if(std::function<base::Result<void>(const ports::Step&)> decide) { fail_if_ = std::move(decide); }
  /// Puts a thing there that somebody else made.
  void add_foreign_link(const std::string& name) {
    ports::Link link{.key = {"", name}, .kind = ports::BridgeLink{}};
    objects_[ports::key_of(link)] = link;
  }
  std::vector<ports::Object> objects() const {
    std::vector<ports::Object> all;
    for (const auto& [key, object] : objects_) all.push_back(object);
    return all;
  }
  /// Every step that was applied, in order.
  const ports::Plan& applied() const { return applied_; }

 private:
  static bool is_firewall(const ports::Object& object) {
    return std::holds_alternative<ports::FirewallSkeleton>(object) ||
           std::holds_alternative<ports::FirewallElement>(object);
  }
  bool has_netns(const std::string& name) const {
    return name.empty() || objects_.contains(ports::key_of(ports::Netns{name}));
  }

  /// The link itself, or the pair whose far end it is.
  const ports::Link* link(const ports::LinkKey& key) const {
    for (const auto& [name, object] : objects_) {
      const auto* one = std::get_if<ports::Link>(&object);
      if (one == nullptr) continue;
      const auto* veth = std::get_if<ports::VethLink>(&one->kind);
      if (one->key == key || (veth != nullptr && veth->peer == key)) return one;
    }
    return nullptr;
  }

  static base::Result<void> refuse(const std::string& why, base::ErrorKind kind = base::ErrorKind::not_found) {
    return base::fail(kind, why);
  }
  static base::Result<void> foreign(const std::string& name) {
    return refuse(fmt::format("interface {} of the host was not made by fairlead, it is left alone", name),
                  base::ErrorKind::conflict);
  }
  static bool is_ours(const ports::Link& link) {
    return std::holds_alternative<ports::LoopbackLink>(link.kind) || link.alias.starts_with("fairlead:");
  }

  static std::string child_kind(const ports::Link& link) {
    if (std::holds_alternative<ports::MacvlanLink>(link.kind)) return "macvlan";
    if (std::holds_alternative<ports::IpvlanLink>(link.kind)) return "ipvlan";
    return std::holds_alternative<ports::VlanLink>(link.kind) ? "vlan" : "";
  }

  base::Result<void> needs_link(const ports::LinkKey& key) const {
    if (key.name == "lo" && has_netns(key.netns)) return {};
    const auto* there = link(key);
    if (there == nullptr) return refuse("there is no interface " + key.name);
    return is_ours(*there) ? base::Result<void>{} : foreign(key.name);
  }

  base::Result<void> may_make(const ports::Object& object) const {
    if (const auto* one = std::get_if<ports::Link>(&object)) {
      if (!has_netns(one->key.netns)) return refuse("there is no network namespace " + one->key.netns);
      if (!is_ours(*one)) return refuse("invalid alias \"" + one->alias + "\"", base::ErrorKind::invalid);
      if (const auto* there = link(one->key); there != nullptr && !is_ours(*there)) return foreign(one->key.name);
      if (!one->master.empty() && link({one->key.netns, one->master}) == nullptr)
        return refuse("there is no bridge " + one->master);
      if (without.contains(child_kind(*one))) return refuse("this kernel has no " + child_kind(*one));
      const auto parent = ports::parent_of(*one);
      if (!parent.empty() && link({"", parent}) == nullptr)
        return refuse(fmt::format("its parent interface {} is not there", parent));
      const auto* veth = std::get_if<ports::VethLink>(&one->kind);
      if (veth != nullptr && !has_netns(veth->peer.netns))
        return refuse("there is no network namespace " + veth->peer.netns);
    }
    if (const auto* address = std::get_if<ports::Address>(&object)) return needs_link(address->link);
    if (const auto* route = std::get_if<ports::Route>(&object)) {
      if (!has_netns(route->netns)) return refuse("there is no network namespace " + route->netns);
      if (!route->device.empty() && link({route->netns, route->device}) == nullptr)
        return refuse("there is no interface " + route->device);
    }
    const auto* sysctl = std::get_if<ports::Sysctl>(&object);
    if (sysctl != nullptr && !has_netns(sysctl->netns)) return refuse("there is no network namespace " + sysctl->netns);
    return {};
  }

  base::Result<void> make(const ports::Object& object) {
    if (is_firewall(object)) return refuse("a firewall object is not the kernel adapter's", base::ErrorKind::internal);
    if (auto may = may_make(object); !may) return may;
    objects_.insert_or_assign(ports::key_of(object), object);
    return {};
  }

  base::Result<void> unmake(const ports::Object& object) {
    if (std::holds_alternative<ports::Sysctl>(object)) return {};
    if (const auto* one = std::get_if<ports::Link>(&object)) {
      if (const auto* there = link(one->key); there != nullptr && !is_ours(*there)) return foreign(one->key.name);
      if (std::holds_alternative<ports::LoopbackLink>(one->kind)) return {};
    }
    const auto there = objects_.find(ports::key_of(object));
    if (there == objects_.end()) return {};
    const auto gone = there->second;
    objects_.erase(there);
    if (const auto* netns = std::get_if<ports::Netns>(&gone)) {
      drop([&](const ports::NetnsName& place, const std::string&) { return place == netns->name; });
    } else if (const auto* one = std::get_if<ports::Link>(&gone)) {
      drop([&](const ports::NetnsName& place, const std::string& name) {
        return one->key == ports::LinkKey{place, name};
      });
      if (const auto* veth = std::get_if<ports::VethLink>(&one->kind)) {
        drop([&](const ports::NetnsName& place, const std::string& name) {
          return veth->peer == ports::LinkKey{place, name};
        });
      }
    }
    return {};
  }

  /// Whatever stands in or on something that went.
  void drop(const std::function<bool(const ports::NetnsName&, const std::string&)>& is_gone) {
    std::erase_if(objects_, [&](const auto& entry) {
      const auto& object = entry.second;
      if (const auto* one = std::get_if<ports::Link>(&object)) {
        const auto* veth = std::get_if<ports::VethLink>(&one->kind);
        const auto parent = ports::parent_of(*one);
        return is_gone(one->key.netns, one->key.name) || (!parent.empty() && is_gone("", parent)) ||
               (veth != nullptr && is_gone(veth->peer.netns, veth->peer.name));
      }
      if (const auto* address = std::get_if<ports::Address>(&object))
        return is_gone(address->link.netns, address->link.name);
      if (const auto* route = std::get_if<ports::Route>(&object)) return is_gone(route->netns, route->device);
      const auto* sysctl = std::get_if<ports::Sysctl>(&object);
      return sysctl != nullptr && is_gone(sysctl->netns, "");
    });
  }

  std::map<std::string, ports::Object> objects_;
  ports::Plan applied_;
  std::function<base::Result<void>(const ports::Step&)> fail_if_;
};

}  // namespace fairlead::support
