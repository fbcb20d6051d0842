#pragma once
/// A State with a made-up host, driven by commands: what tests of the engine stand on.
#include <gtest/gtest.h>

#include <random>
#include <string>

#include "engine/decide.h"
#include "engine/render.h"

namespace fairlead::testing {

using namespace fairlead::engine;

inline base::Prefix prefix(std::string_view text) {
  return base::Prefix::parse(text).value();
}
inline base::Ip ip(std::string_view text) {
  return base::Ip::parse(text).value();
}

inline ports::Image busybox() {
  ports::Image image;
  image.id = "sha256:" + std::string(64, 'b');
  image.tags = {"busybox:latest"};
  image.process.cmd = {{"sh"}};
  image.process.env = {"PATH=/bin", "A=image"};
  image.layer_dirs = {"/layers/1"};
  return image;
}

class World {
 public:
  explicit World(Settings settings = {}, unsigned seed = 1) : state(std::move(settings)), random_(seed) {
    facts.now = Time(std::chrono::seconds(1'700'000'000));
    facts.cpus = 2;
    facts.host.routes = {prefix("192.168.1.0/24")};
    facts.host.addresses = {prefix("192.168.1.5/24")};
    facts.entropy = [this] {
      base::Entropy bytes;
      for (auto& byte : bytes) byte = static_cast<std::uint8_t>(random_());
      return bytes;
    };
  }

  /// Decides and applies; a refusal leaves the State as it was.
  base::Result<Decision> act(const Command& command) {
    facts.now += std::chrono::milliseconds(10);
    auto decision = decide(state, command, facts);
    if (decision) state = after(state, *decision);
    return decision;
  }
  /// As `act`, for what must succeed.
  Decision must(const Command& command) {
    auto decision = act(command);
    if (!decision) ADD_FAILURE() << decision.error().text;
    return decision ? *decision : Decision{};
  }
  /// What a refusal says; empty when it was no refusal.
  std::string refusal(const Command& command) {
    const auto decision = decide(state, command, facts);
    return decision ? "" : decision.error().text;
  }

  World& boot() {
    must(BootHost{});
    return *this;
  }
  ContainerId create(const std::string& name, ports::ContainerSpec spec = {}) {
    if (spec.image.empty()) spec.image = "busybox";
    const auto made = must(CreateContainer{name, std::move(spec), busybox()}).made;
    return std::holds_alternative<ContainerId>(made) ? std::get<ContainerId>(made) : ContainerId{};
  }
  ContainerId create_in(const std::string& name, const std::string& mode) {
    ports::ContainerSpec spec;
    spec.network_mode = mode;
    return create(name, spec);
  }
  void start(const ContainerId& id) {
    must(StartContainer{id});
    must(ContainerStarted{id, 100, 99});
  }
  ContainerId run(const std::string& name, const std::string& mode = "bridge") {
    const auto id = create_in(name, mode);
    start(id);
    return id;
  }
  NetworkId make_network(const std::string& name, const std::string& subnet = {}) {
    CreateNetwork command;
    command.name = name;
    if (!subnet.empty()) command.pools = {{.subnet = subnet}};
    return std::get<NetworkId>(must(command).made);
  }
  /// Copies: a record lives only until the next command.
  Container container(const ContainerId& id) const { return *state.container(id); }
  Network network(const std::string& name) const { return **state.find_network(name); }
  std::string address(const ContainerId& id, std::size_t attachment = 0) const {
    const auto endpoint = container(id).attachments.at(attachment).endpoint;
    return endpoint && endpoint->ipv4 ? endpoint->ipv4->text() : "";
  }
  std::vector<ports::Object> objects() const {
    std::vector<ports::Object> all;
    for (const auto& scope : scopes(state)) {
      auto some = render(state, scope);
      all.insert(all.end(), some.begin(), some.end());
    }
    return all;
  }

  State state;
  Facts facts;

 private:
  std::mt19937 random_;
};

}  // namespace fairlead::testing
