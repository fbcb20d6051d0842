#include "doors/docker/json_endpoint.h"

#include <fmt/format.h>

namespace fairlead::docker {

namespace {

/// Docker collects what is wrong with an endpoint and tells all of it, a line each.
struct EndpointReader {
  const Fields& settings;
  ports::EndpointRequest request;
  std::vector<std::string> wrong;

  void read_addresses() {
    const Fields ipam = settings.object("IPAMConfig");
    if (const std::string text = ipam.text("IPv4Address"); !text.empty()) {
      request.ipv4 = base::Ip::parse(text);
      if (!request.ipv4 || !request.ipv4->is_v4()) wrong.push_back("invalid IPv4 address: " + text);
    }
    if (const std::string text = ipam.text("IPv6Address"); !text.empty()) {
      request.ipv6 = base::Ip::parse(text);
      if (!request.ipv6 || request.ipv6->is_v4()) wrong.push_back("invalid IPv6 address: " + text);
    }
    for (const std::string& text : ipam.texts("LinkLocalIPs")) {
      const auto ip = base::Ip::parse(text);
      if (ip)
        request.link_local.push_back(*ip);
      else
        wrong.push_back("invalid link-local IP address: " + text);
    }
  }

  void read_mac() {
    const std::string text = settings.text("MacAddress");
    if (text.empty()) return;
    request.mac = base::Mac::parse(text);
    if (!request.mac) wrong.push_back("invalid MAC address: " + text);
  }
};

}  // namespace

ports::EndpointRequest read_endpoint(const std::string& network, const Fields& settings) {
  EndpointReader reader{settings, {}, {}};
  reader.request.network = network;
  reader.read_addresses();
  reader.read_mac();
  reader.request.aliases = settings.texts("Aliases");
  reader.request.links = settings.texts("Links");
  reader.request.driver_opts = settings.text_map("DriverOpts");
  const std::int64_t priority = settings.number("GwPriority");
  if (priority < INT32_MIN || priority > INT32_MAX)
    reader.wrong.push_back(fmt::format("invalid gateway priority: {}", priority));
  else
    reader.request.gw_priority = static_cast<int>(priority);
  if (!reader.wrong.empty()) {
    settings.complaints().add(base::ErrorKind::invalid,
                              fmt::format("invalid config for network {}: invalid endpoint settings:\n{}", network,
                                          fmt::join(reader.wrong, "\n")));
  }
  return std::move(reader.request);
}

}  // namespace fairlead::docker
