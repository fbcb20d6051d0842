#pragma once
/// Host ports in memory, for tests without a kernel: remembers what is held and where it leads.
#include <algorithm>
#include <map>
#include <optional>
#include <vector>

#include "ports/sockets.h"

namespace fairlead::support {

class FakeSockets : public ports::Sockets {
 public:
  /// Another program takes this port. Without an address: of both families.
  void another_program_takes(const ports::HostPort& port) { others_.push_back(port); }
  void another_program_ends() { others_.clear(); }
  /// Where a held port leads, if anywhere.
  std::optional<ports::PortTarget> target(const ports::HostPort& port) const {
    const auto at = held_.find(port);
    return at == held_.end() ? std::nullopt : at->second;
  }

  base::Result<void> hold(const std::vector<ports::HostPort>& ports,
                          const std::vector<ports::HostPort>& giving) override {
    std::erase_if(held_, [&](const auto& each) {
      const bool meets = std::ranges::any_of(ports, [&](const auto& port) { return ports::meet(port, each.first); });
      return meets && std::ranges::find(giving, each.first) != giving.end();
    });
    auto wanted = held_;
    for (const auto& port : ports) {
      if (wanted.contains(port)) continue;
      const auto bars = [&](const ports::HostPort& other) { return clash(port, other); };
      const bool ours = std::ranges::any_of(wanted, [&](const auto& each) { return bars(each.first); });
      if (ours || std::ranges::any_of(others_, bars)) {
        const auto name = describe(port);
        return base::fail(base::ErrorKind::conflict, "failed to bind host port " + name + ": address already in use",
                          name);
      }
      wanted.emplace(port, std::nullopt);
    }
    held_ = std::move(wanted);
    return {};
  }
  void lead(const std::vector<ports::PortLead>& leads) override {
    for (const auto& [port, target] : leads) {
      if (const auto at = held_.find(port); at != held_.end()) at->second = target;
    }
  }
  void forget_earlier() override {}
  void release(const std::vector<ports::HostPort>& ports) override {
    for (const auto& port : ports) held_.erase(port);
  }
  std::vector<ports::HostPort> held() const override {
    std::vector<ports::HostPort> all;
    for (const auto& [port, target] : held_) all.push_back(port);
    return all;
  }

 private:
  static bool clash(const ports::HostPort& a, const ports::HostPort& b) {
    if (a.protocol != b.protocol || a.number != b.number) return false;
    if (!a.address || !b.address) return true;
    if (a.address->family() != b.address->family()) return false;
    return a.address->is_unspecified() || b.address->is_unspecified() || a.address == b.address;
  }

  std::map<ports::HostPort, std::optional<ports::PortTarget>> held_;
  std::vector<ports::HostPort> others_;
};

}  // namespace fairlead::support
