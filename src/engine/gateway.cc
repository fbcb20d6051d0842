#include "engine/gateway.h"

#include <tuple>

#include "engine/parent_link.h"

namespace fairlead::engine {

bool has_way_out(const Network& network, base::Family family) {
  const auto* subnet = subnet_of(network, family);
  if (leads_nowhere(network) || !subnet) return false;
  if (has_parent(network))
    return network.parent.health != ParentLink::Health::missing && (is_layer3(network) || subnet->gateway);
  return network.driver == Driver::bridge && subnet->gateway;
}

const std::optional<base::Prefix>& address_of(const Endpoint& endpoint, base::Family family) {
  return family == base::Family::v4 ? endpoint.ipv4 : endpoint.ipv6;
}

const Attachment* gateway_attachment(const State& state, const Container& container, base::Family family) {
  const Attachment* best = nullptr;
  for (const auto& attachment : container.attachments) {
    if (!attachment.endpoint || !address_of(*attachment.endpoint, family)) continue;
    const auto network = state.network(attachment.network);
    if (!network || !has_way_out(*network, family)) continue;
    const auto rank = [](const Attachment& a) {
      return std::tuple(-std::int64_t{a.request.gw_priority}, a.network_name);
    };
    if (!best || rank(attachment) < rank(*best)) best = &attachment;
  }
  return best;
}

}  // namespace fairlead::engine
