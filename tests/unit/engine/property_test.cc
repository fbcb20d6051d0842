#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "engine/codec.h"
#include "engine/diff.h"
#include "support/engine_world.h"

namespace fairlead::testing {
namespace {

using Host = std::map<std::string, ports::Object>;

Host host_of(const std::vector<ports::Object>& objects) {
  Host host;
  for (const auto& object : objects)
    EXPECT_TRUE(host.emplace(ports::key_of(object), object).second) << ports::describe(object);
  return host;
}

/// What the kernel does by itself when a namespace or a link goes.
void collect(Host& host, const ports::Object& gone) {
  const auto is_inside = [&](const ports::NetnsName& netns, const std::string& device) {
    if (const auto* n = std::get_if<ports::Netns>(&gone)) return netns == n->name;
    const auto* link = std::get_if<ports::Link>(&gone);
    if (!link) return false;
    const auto* veth = std::get_if<ports::VethLink>(&link->kind);
    const ports::LinkKey key{netns, device};
    return key == link->key || (veth && key == veth->peer);
  };
  std::vector<ports::Object> links;
  std::erase_if(host, [&](const auto& entry) {
    const auto& object = entry.second;
    if (const auto* o = std::get_if<ports::Address>(&object)) return is_inside(o->link.netns, o->link.name);
    if (const auto* o = std::get_if<ports::Route>(&object)) return is_inside(o->netns, o->device);
    if (const auto* o = std::get_if<ports::Sysctl>(&object)) {
      const auto at = o->key.find("/conf/");
      if (at == std::string::npos) return false;
      const auto rest = o->key.substr(at + 6);
      return is_inside(o->netns, rest.substr(0, rest.find('/')));
    }
    const auto* o = std::get_if<ports::Link>(&object);
    if (!o || !std::holds_alternative<ports::Netns>(gone)) return false;
    const auto* veth = std::get_if<ports::VethLink>(&o->kind);
    const bool goes = is_inside(o->key.netns, o->key.name) || (veth && is_inside(veth->peer.netns, veth->peer.name));
    if (goes) links.push_back(object);
    return goes;
  });
  for (const auto& link : links) collect(host, link);
}

/// Applies steps as the ports promise, and fails on a step that does not fit what is there.
void perform(Host& host, const ports::Plan& plan) {
  for (const auto& step : plan) {
    const auto key = ports::key_of(step.subject());
    const auto at = host.find(key);
    EXPECT_EQ(at != host.end(), step.before.has_value()) << ports::describe(step);
    if (at != host.end() && step.before) EXPECT_EQ(at->second, *step.before) << ports::describe(step);
    if (step.after)
      host.insert_or_assign(key, *step.after);
    else
      host.erase(key);
    if (!step.after) collect(host, *step.before);
  }
}

void undo(Host& host, const ports::Plan& plan) {
  ports::Plan inverse;
  for (auto step = plan.rbegin(); step != plan.rend(); ++step) inverse.push_back(step->inverse());
  perform(host, inverse);
}

std::vector<ports::Object> render_all(const State& state, const std::vector<Scope>& some) {
  std::vector<ports::Object> out;
  for (const auto& scope : some) {
    auto objects = render(state, scope);
    out.insert(out.end(), objects.begin(), objects.end());
  }
  return out;
}

class Walk {
 public:
  explicit Walk(unsigned seed) : world_({}, seed), random_(seed) {
    world_.facts.host.ip_forward_was_on = seed % 2 == 0;
  }

  void run(int steps) {
    host_ = host_of(render(world_.state, HostScope{}));
    step(BootHost{});
    for (int i = 0; i < steps && !::testing::Test::HasFailure(); ++i) step(pick());
  }
  int done() const { return done_; }

 private:
  ContainerId any() {
    const auto& all = world_.state.containers();
    if (all.empty()) return {};
    return std::next(all.begin(), static_cast<long>(random_() % all.size()))->first;
  }
  std::string network() {
    static const std::vector<std::string> names = {"bridge", "n0", "n1", "n2", "host", "none"};
    return names[random_() % names.size()];
  }
  ports::EndpointRequest request() {
    ports::EndpointRequest out{.network = network()};
    if (random_() % 3 == 0) out.ipv4 = base::Ip::v4(0x0a010000u + random_() % 3 * 256 + random_() % 20);
    if (random_() % 6 == 0)
      out.ipv6 = ip("fd00:" + std::to_string(random_() % 3) + "::" + std::to_string(random_() % 5));
    if (random_() % 6 == 0)
      out.driver_opts["com.docker.network.endpoint.ifname"] = "lan" + std::to_string(random_() % 3);
    out.gw_priority = static_cast<int>(random_() % 3);
    return out;
  }

  Command pick() {
    const auto id = any();
    switch (random_() % 16) {
      case 0: {
        CreateNetwork out;
        const auto n = random_() % 3;
        out.name = "n" + std::to_string(n);
        out.internal = random_() % 4 == 0;
        if (random_() % 2 == 0) out.pools = {{.subnet = "10.1." + std::to_string(n) + ".0/28"}};
        if (random_() % 3 == 0) out.options["com.docker.network.bridge.enable_icc"] = "false";
        out.ipv6 = random_() % 2 == 0;
        out.ipv4 = !out.ipv6 || random_() % 4 != 0;
        if (random_() % 3 == 0) out.pools.push_back({.subnet = "fd00:" + std::to_string(n) + "::/64"});
        static const std::vector<std::string> modes = {"nat", "routed", "nat-unprotected", "isolated"};
        if (random_() % 3 == 0)
          out.options["com.docker.network.bridge.gateway_mode_ipv4"] = modes[random_() % (out.internal ? 4 : 3)];
        if (random_() % 4 == 0) out.options["com.docker.network.container_iface_prefix"] = "lan";
        return out;
      }
      case 1: {
        const auto found = world_.state.find_network(network());
        return RemoveNetwork{found ? (*found)->id : NetworkId{}};
      }
      case 2:
      case 3:
      case 4: {
        ports::ContainerSpec spec;
        spec.network_mode = random_() % 4 == 0 && !id.empty() ? "container:" + id.text() : network();
        if (random_() % 3 == 0) {
          auto own = request();
          own.network = spec.network_mode;
          spec.endpoints = {own};
        }
        spec.restart.kind = static_cast<ports::RestartPolicy::Kind>(random_() % 4);
        return CreateContainer{"", spec, busybox()};
      }
      case 5:
      case 6:
      case 7:
        return StartContainer{id};
      case 8:
        return ContainerStarted{id, 10, 9};
      case 9:
        return StartFailed{id, "failed", 127};
      case 10:
        return ContainerExited{id, static_cast<int>(random_() % 3)};
      case 11:
        return Connect{id, request()};
      case 12:
        return Disconnect{id, network()};
      case 13:
        return RemoveContainer{id};
      case 14:
        return random_() % 2 == 0 ? Command(StopAsked{id})
                                  : Command(RenameContainer{id, "name" + std::to_string(random_() % 9)});
      default:
        return BootHost{};
    }
  }

  void step(const Command& command) {
    const State before = world_.state;
    const auto decision = world_.act(command);
    if (!decision) return;
    ++done_;
    check_plan(before, *decision);
    check_addresses();
    check_sandboxes();
    for (const auto& record : encode(decision->changes)) {
      if (!record.body) continue;
      const auto back = decode({record.kind, record.key, *record.body});
      ASSERT_TRUE(back.has_value()) << back.error().text;
      const auto match = std::ranges::find(decision->changes, *back);
      EXPECT_NE(match, decision->changes.end());
    }
  }

  /// The host follows by what was touched alone, and a plan that fails before its end leaves no trace.
  void check_plan(const State& before, const Decision& decision) {
    const auto some = touched(before, decision.changes);
    const auto steps = diff(render_all(before, some), render_all(world_.state, some));
    const Host old = host_;
    perform(host_, steps.make);
    perform(host_, steps.firewall);
    Host undone = host_;
    undo(undone, steps.firewall);
    undo(undone, steps.make);
    EXPECT_EQ(undone, old);
    perform(host_, steps.forwarding);
    perform(host_, steps.unmake);
    const auto wanted = host_of(render_all(world_.state, scopes(world_.state)));
    // Switched on once, it stays: others may have come to rely on it.
    std::erase_if(host_, [&](const auto& entry) {
      return entry.first.starts_with("sysctl /") && entry.first.ends_with("/forwarding") &&
             !wanted.contains(entry.first);
    });
    EXPECT_EQ(host_, wanted);
  }

  void check_addresses() const {
    std::set<std::pair<NetworkId, base::Ip>> seen;
    std::set<std::string> links;
    std::set<std::pair<ContainerId, std::string>> interfaces;
    for (const auto& [id, container] : world_.state.containers()) {
      for (const auto& attachment : container->attachments) {
        EXPECT_FALSE(attachment.endpoint && !container->is_up());
        if (!attachment.endpoint) continue;
        const auto network = world_.state.network(attachment.network);
        ASSERT_NE(network, nullptr);
        if (network->driver != Driver::bridge) continue;
        EXPECT_TRUE(links.insert(attachment.endpoint->host_link).second);
        EXPECT_TRUE(interfaces.emplace(id, attachment.endpoint->interface).second);
        EXPECT_EQ(attachment.endpoint->ipv4.has_value(), network->ipv4);
        EXPECT_EQ(attachment.endpoint->ipv6.has_value(), network->ipv6);
        for (const auto& place : {attachment.endpoint->ipv4, attachment.endpoint->ipv6}) {
          if (!place) continue;
          const auto address = place->address();
          EXPECT_TRUE(seen.emplace(attachment.network, address).second) << address.text() << " is given twice";
          EXPECT_EQ(world_.state.used_addresses(attachment.network).at(address), id);
          const auto* subnet = subnet_of(*network, address.family());
          ASSERT_NE(subnet, nullptr);
          EXPECT_NE(subnet->gateway, address);
          EXPECT_TRUE(subnet->prefix.contains(address));
        }
      }
    }
  }

  void check_sandboxes() const {
    for (const auto& [id, sandbox] : world_.state.sandboxes()) {
      EXPECT_FALSE(sandbox->users.empty());
      for (const auto& user : sandbox->users) {
        const auto container = world_.state.container(user);
        ASSERT_NE(container, nullptr);
        EXPECT_TRUE(container->is_up());
        EXPECT_EQ(container->sandbox, id);
      }
    }
    for (const auto& [id, container] : world_.state.containers()) {
      if (!container->sandbox) continue;
      ASSERT_NE(world_.state.sandbox(*container->sandbox), nullptr);
      EXPECT_TRUE(world_.state.sandbox(*container->sandbox)->users.contains(id));
    }
  }

  World world_;
  std::mt19937 random_;
  Host host_;
  int done_ = 0;
};

TEST(Property, HostFollowsStateWhateverIsAsked) {
  int done = 0;
  for (unsigned seed = 0; seed < 12 && !HasFailure(); ++seed) {
    SCOPED_TRACE(seed);
    Walk walk(seed);
    walk.run(250);
    done += walk.done();
  }
  // Most of what is asked must be granted, or little is tested.
  EXPECT_GT(done, 12 * 80);
}

}  // namespace
}  // namespace fairlead::testing
