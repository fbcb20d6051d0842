// What the kernel tells of tracked flows is read without stepping outside of it; a request to forget always names one.
#include <libmnl/libmnl.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>

#include <cstddef>
#include <cstdint>
#include <vector>

#include "wire/conntrack.h"
#include "wire/netlink_attr.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace fairlead::wire;
  const std::vector<std::uint8_t> bytes(data, data + size);  // aligned, and exactly as long as it says
  for_each_message(bytes, [](const nlmsghdr* message) {
    const auto flow = parse_flow(message);
    if (flow && flow->original.source.family() != flow->original.destination.family()) __builtin_trap();
    NetlinkBatch batch;
    if (!put_forget_flow(batch, message)) {
      if (!batch.empty()) __builtin_trap();
      return;
    }
    bool named = false;
    for_each_message(batch.bytes(), [&](const nlmsghdr* request) {
      for_each_attr(request, sizeof(nfgenmsg), [&](const nlattr*, int type) { named |= type == CTA_TUPLE_ORIG; });
    });
    if (!flow || !named) __builtin_trap();
  });
  return 0;
}
