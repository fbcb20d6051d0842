#include "engine/endpoint_rules.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "engine/endpoint_options.h"
#include "engine/network_mode.h"

namespace fairlead::engine {
namespace {

void check_static(const Network& network, const base::Ip& address, std::vector<std::string>& wrong) {
  bool asked = false;
  for (const auto& subnet : network.subnets) {
    if (!subnet.asked || subnet.prefix.family() != address.family()) continue;
    asked = true;
    if (subnet.prefix.contains(address)) return;
  }
  wrong.push_back(asked ? fmt::format("no configured subnet or ip-range contain the IP address {}", address.text())
                        : "user specified IP address is supported only when connecting to networks with user "
                          "configured subnets");
}

/// 169.254.0.0/16 (RFC 3927) and fe80::/10 (RFC 4291).
bool is_link_local(const base::Ip& address) {
  static const base::Prefix ipv4(base::Ip::v4(0xa9fe0000), 16), ipv6(base::Ip::v6({0xfe, 0x80}), 10);
  return (address.is_v4() ? ipv4 : ipv6).contains(address);
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
        wrong.push_back(fmt::format("invalid {} address: {}", address->is_v4() ? "IPv4" : "IPv6", address->text()));
      else if (network)
        check_static(*network, *address, wrong);
    }
  }
  for (const auto& address : request.link_local) {
    if (!is_link_local(address)) wrong.push_back(fmt::format("invalid link-local IP address: {}", address.text()));
  }
  if (request.mac && (request.mac->is_multicast() || request.mac->is_zero())) {
    wrong.push_back(fmt::format("invalid MAC address: {}", request.mac->text()));
  }
  std::ranges::move(option_complaints(request), std::back_inserter(wrong));
  if (wrong.empty()) return {};
  return base::fail(base::ErrorKind::invalid, fmt::format("invalid endpoint settings:\n{}", fmt::join(wrong, "\n")));
}

}  // namespace fairlead::engine
