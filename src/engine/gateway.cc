#include "engine/gateway.h"

#include <tuple>

namespace fairlead::engine {

const Attachment* gateway_attachment(const State& state, const Container& container) {
  const Attachment* best = nullptr;
  for (const auto& attachment : container.attachments) {
    const auto network = state.network(attachment.network);
    const bool reaches_out = network && network->driver == Driver::bridge && !network->internal;
    if (!reaches_out || !attachment.endpoint || !attachment.endpoint->ipv4) continue;
    const auto rank = [](const Attachment& a) {
      return std::tuple(-std::int64_t{a.request.gw_priority}, a.network_name);
    };
    if (!best || rank(attachment) < rank(*best)) best = &attachment;
  }
  return best;
}

}  // namespace fairlead::engine
