#pragma once
/// The firewall port in memory: one transaction per commit, elements only in sets that the skeleton declares.
#include <fmt/format.h>

#include <functional>
#include <map>

#include "ports/kernel.h"

namespace fairlead::support {

class FakeFirewall final : public ports::Firewall {
 public:
  base::Result<void> commit(const ports::Plan& steps) override {
    const auto saved = objects_;
    for (const auto& step : steps) {
      auto done = fail_if_ ? fail_if_(step) : base::Result<void>{};
      if (done) done = carry_out(step);
      if (done) continue;
      objects_ = saved;
      auto error = done.error();
      error.context = ports::describe(step);
      error.text = error.context + ": " + error.text;
      return std::unexpected(error);
    }
    committed_.insert(committed_.end(), steps.begin(), steps.end());
    return {};
  }

  base::Result<std::vector<ports::Object>> observe(const std::vector<ports::Object>& wanted) override {
    std::vector<ports::Object> found;
    for (const auto& object : wanted) {
      const auto there = objects_.find(ports::key_of(object));
      if (there == objects_.end()) continue;
      const auto* skeleton = std::get_if<ports::FirewallSkeleton>(&object);
      // Of another text only its hash is known.
      found.push_back(skeleton != nullptr && !skeleton->ensured && there->second != object
                          ? ports::FirewallSkeleton{skeleton->table, {}}
                          : there->second);
    }
    return found;
  }

  base::Result<std::vector<ports::Object>> elements(const std::string& table) override {
    std::vector<ports::Object> found;
    for (const auto& [key, object] : objects_) {
      const auto* element = std::get_if<ports::FirewallElement>(&object);
      if (element != nullptr && element->table == table) found.push_back(object);
    }
    return found;
  }

  // For tests.
  void fail_if(std::function<base::Result<void>(const ports::Step&)> decide) { fail_if_ = std::move(decide); }
  /// Every step that was committed, in order.
  const ports::Plan& committed() const { return committed_; }

 private:
  bool declares(const ports::FirewallElement& element) const {
    const auto there = objects_.find(ports::key_of(ports::FirewallSkeleton{element.table, {}}));
    if (there == objects_.end()) return false;
    const auto& text = std::get<ports::FirewallSkeleton>(there->second).text;
    return text.find("set " + element.set + " {") != std::string::npos ||
           text.find("map " + element.set + " {") != std::string::npos;
  }

  base::Result<void> carry_out(const ports::Step& step) {
    const auto& object = step.subject();
    const auto* skeleton = std::get_if<ports::FirewallSkeleton>(&object);
    const auto* element = std::get_if<ports::FirewallElement>(&object);
    if (skeleton == nullptr && element == nullptr)
      return base::fail(base::ErrorKind::internal, "not a firewall object");
    if (skeleton != nullptr && skeleton->ensured && (!step.after || objects_.contains(ports::key_of(object))))
      return {};
    if (step.before) objects_.erase(ports::key_of(*step.before));
    if (step.after) {
      if (element != nullptr && !declares(*element)) {
        return base::fail(base::ErrorKind::not_found, "there is no set " + element->set);
      }
      objects_.insert_or_assign(ports::key_of(object), object);
    }
    if (skeleton != nullptr) {
      std::erase_if(objects_, [&](const auto& entry) {
        const auto* one = std::get_if<ports::FirewallElement>(&entry.second);
        return one != nullptr && one->table == skeleton->table && !declares(*one);
      });
    }
    return {};
  }

  std::map<std::string, ports::Object> objects_;
  ports::Plan committed_;
  std::function<base::Result<void>(const ports::Step&)> fail_if_;
};

}  // namespace fairlead::support
