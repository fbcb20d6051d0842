#pragma once
/// Short ways to write plan objects in tests.
#include "ports/plan.h"

namespace fairlead::support {

inline base::Prefix prefix(const char* text) {
  return base::Prefix::parse(text).value();
}
inline base::Ip ip(const char* text) {
  return base::Ip::parse(text).value();
}
inline base::Mac mac(const char* text) {
  return base::Mac::parse(text).value();
}

inline ports::Step add(ports::Object object) {
  return {std::nullopt, std::move(object)};
}
inline ports::Step del(ports::Object object) {
  return {std::move(object), std::nullopt};
}
inline ports::Step change(ports::Object before, ports::Object after) {
  return {std::move(before), std::move(after)};
}

inline ports::Link loopback(const std::string& netns) {
  return {.key = {netns, "lo"}, .kind = ports::LoopbackLink{}};
}

inline ports::Link bridge(const std::string& name) {
  return {.key = {"", name},
          .kind = ports::BridgeLink{},
          .mtu = 1500,
          .mac = mac("02:42:00:00:00:01"),
          .alias = "fairlead:test:" + name};
}

inline ports::Link veth(const std::string& name, const std::string& master, const std::string& netns,
                        const char* peer_mac, const std::string& peer_name = "eth0") {
  return {.key = {"", name},
          .kind = ports::VethLink{.peer = {netns, peer_name}, .peer_mac = mac(peer_mac)},
          .mtu = 1500,
          .master = master,
          .alias = "fairlead:test:" + name};
}

/// All that one container on a bridge needs, in order.
inline ports::Plan container(const std::string& netns, const std::string& host_end, const std::string& master,
                             const char* address, const char* gateway) {
  const auto own = prefix(address);
  return {add(ports::Netns{netns}), add(loopback(netns)),
          add(veth(host_end, master, netns, base::Mac::from_ipv4(own.address()).text().c_str())),
          add(ports::Address{{netns, "eth0"}, own}),
          add(ports::Route{netns, prefix("0.0.0.0/0"), ip(gateway), "eth0", 0})};
}

inline ports::Plan inverse_of(const ports::Plan& plan) {
  ports::Plan back;
  for (auto step = plan.rbegin(); step != plan.rend(); ++step) back.push_back(step->inverse());
  return back;
}

inline std::vector<ports::Object> objects_of(const ports::Plan& plan) {
  std::vector<ports::Object> objects;
  for (const auto& step : plan) {
    if (step.after) objects.push_back(*step.after);
  }
  return objects;
}

}  // namespace fairlead::support
