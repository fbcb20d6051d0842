#include "engine/endpoint_rules.h"

#include <fmt/format.h>

#include "engine/network_mode.h"

namespace fairlead::engine {
namespace {

void check_static(const Network& network, const base::Ip& address, std::vector<std::string>& wrong) {
  bool asked = false;
  for (const auto& subnet : network.subnets) {
    if (!subnet.asked) continue;
    asked = true;
    if (subnet.prefix.contains(address)) return;
  }
  wrong.push_back(asked ? fmt::format("no configured subnet or ip-range contain the IP address {}", address.text())
                        : "user specified IP address is supported only when connecting to networks with user "
                          "configured subnets");
}

}  // namespace

base::Result<void> check_request(const Network* network, const Attachment& attachment) {
  const auto& request = attachment.request;
  std::vector<std::string> wrong;
  if (is_predefined_name(attachment.network_name)) {
    if (request.ipv4 || request.ipv6) {
      wrong.push_back("user specified IP address is supported on user defined networks only");
    }
    if (!request.aliases.empty()) {
      wrong.push_back("network-scoped alias is supported only for containers in user defined networks");
    }
  } else {
    for (const auto& address : {request.ipv4, request.ipv6}) {
      if (!address) continue;
      if (address->is_unspecified())
        wrong.push_back(fmt::format("invalid IPv4 address: {}", address->text()));
      else if (network)
        check_static(*network, *address, wrong);
    }
  }
  for (const auto& address : request.link_local) {
    if (address.is_unspecified()) wrong.push_back(fmt::format("invalid link-local IP address: {}", address.text()));
  }
  if (request.mac && (request.mac->is_multicast() || request.mac->is_zero())) {
    wrong.push_back(fmt::format("invalid MAC address: {}", request.mac->text()));
  }
  if (wrong.empty()) return {};
  return base::fail(base::ErrorKind::invalid, fmt::format("invalid endpoint settings:\n{}", fmt::join(wrong, "\n")));
}

}  // namespace fairlead::engine
