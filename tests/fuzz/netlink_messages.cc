// Whatever comes out of a netlink socket is read without stepping outside of it.
#include <cstddef>
#include <cstdint>
#include <vector>

#include "wire/netlink_attr.h"
#include "wire/netlink_link.h"
#include "wire/netlink_loss.h"
#include "wire/netlink_route.h"
#include "wire/nft_replay.h"
#include "wire/nft_set.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace fairlead::wire;
  const std::vector<std::uint8_t> bytes(data, data + size);  // aligned, and exactly as long as it says
  for_each_message(bytes, [](const nlmsghdr* message) {
    if (const auto route = parse_route(message); route && route->destination.length() > 128) __builtin_trap();
    (void)parse_link(message);
    (void)parse_netns_number(message);
    (void)parse_address(message);
    (void)parse_nft_table(message);
    (void)parse_nft_set(message);
    (void)parse_nft_elements(message);
    (void)parse_link_loss(message);
    (void)parse_nft_notice(message);
    NetlinkBatch batch;
    (void)put_nft_replay(batch, message, 1);
    (void)batch.bytes();
  });
  return 0;
}
