#include "adapters/linux/flows.h"

#include <cerrno>

#include "adapters/linux/flow_matcher.h"
#include "adapters/linux/netlink_socket.h"
#include "adapters/linux/snapshot.h"
#include "wire/conntrack.h"

namespace fairlead::linuxnet {
namespace {

constexpr std::size_t at_once = 100;  // so that the answers fit the socket's queue

class TrackedFlows : public ports::Flows {
 public:
  TrackedFlows(NetlinkSocket addresses, NetlinkSocket reading, NetlinkSocket forgetting)
      : addresses_(std::move(addresses)), reading_(std::move(reading)), forgetting_(std::move(forgetting)) {}

  base::Result<std::size_t> forget(const std::vector<ports::FlowMatch>& matches) override;

 private:
  base::Result<std::set<base::Ip>> host_addresses();
  base::Result<std::size_t> carry_out(wire::NetlinkBatch& batch);

  NetlinkSocket addresses_;
  NetlinkSocket reading_, forgetting_;  // flows are forgotten while they are still being read
};

base::Result<std::size_t> TrackedFlows::forget(const std::vector<ports::FlowMatch>& matches) {
  std::set<base::Ip> host;
  if (ask_for_host(matches)) {
    auto read = host_addresses();
    if (!read) return std::unexpected(read.error());
    host = std::move(*read);
  }
  const FlowMatcher matcher(matches, std::move(host));
  if (matcher.is_empty()) return 0;
  wire::NetlinkBatch batch;
  std::size_t forgotten = 0;
  base::Result<void> outcome;
  const auto carry_out_batch = [&] {
    const auto count = carry_out(batch);
    if (count) {
      forgotten += *count;
    } else if (outcome) {
      outcome = std::unexpected(count.error());
    }
  };
  const auto read = reading_.dump([&](auto& request) { put_dump_flows(request, matcher.family()); },
                                  [&](const nlmsghdr* message) {
                                    const auto flow = wire::parse_flow(message);
                                    if (!flow || !matcher.fits(*flow)) return;
                                    put_forget_flow(batch, message);
                                    if (batch.count() >= at_once) carry_out_batch();
                                  },
                                  [] {});
  if (!batch.empty()) carry_out_batch();
  if (!read) return std::unexpected(read.error());
  if (!outcome) return std::unexpected(outcome.error());
  return forgotten;
}

base::Result<std::set<base::Ip>> TrackedFlows::host_addresses() {
  const auto records = read_addresses(addresses_);
  if (!records) return std::unexpected(records.error());
  std::set<base::Ip> all;
  for (const auto& record : *records) all.insert(record.prefix.address());
  return all;
}

/// How many of them it forgot. One that ended of itself meanwhile is no error.
base::Result<std::size_t> TrackedFlows::carry_out(wire::NetlinkBatch& batch) {
  const auto acks = forgetting_.transact(batch);
  if (!acks) return std::unexpected(acks.error());
  std::size_t count = 0;
  for (const auto& ack : *acks) {
    if (ack.error == 0) {
      ++count;
    } else if (ack.error != ENOENT) {
      return base::fail_errno(ack.error, "forgetting a tracked flow");
    }
  }
  return count;
}

}  // namespace

base::Result<std::unique_ptr<ports::Flows>> make_flows() {
  auto addresses = NetlinkSocket::open(NETLINK_ROUTE);
  if (!addresses) return std::unexpected(addresses.error());
  auto reading = NetlinkSocket::open(NETLINK_NETFILTER);
  if (!reading) return std::unexpected(reading.error());
  auto forgetting = NetlinkSocket::open(NETLINK_NETFILTER);
  if (!forgetting) return std::unexpected(forgetting.error());
  return std::make_unique<TrackedFlows>(std::move(*addresses), std::move(*reading), std::move(*forgetting));
}

}  // namespace fairlead::linuxnet
