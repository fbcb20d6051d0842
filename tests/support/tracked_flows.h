#pragma once
/// Flows put into the kernel's table by hand, and read back from it.
#include <libmnl/libmnl.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <netinet/in.h>

#include "adapters/linux/netlink_socket.h"
#include "support/fake_flows.h"
#include "wire/conntrack.h"

namespace fairlead::support {

class TrackedTable {
 public:
  TrackedTable() : socket_(linuxnet::NetlinkSocket::open(NETLINK_NETFILTER).value()) {}

  /// How many the kernel took; at most some hundreds at once.
  std::size_t insert(const std::vector<Flow>& flows) {
    wire::NetlinkBatch batch;
    for (const auto& flow : flows) put(batch, flow);
    const auto acks = socket_.transact(batch).value();
    return static_cast<std::size_t>(std::ranges::count_if(acks, [](const auto& ack) { return ack.error == 0; }));
  }
  std::vector<Flow> all() {
    std::vector<Flow> flows;
    const auto read = socket_.dump([](auto& batch) { wire::put_dump_flows(batch, std::nullopt); },
                                   [&](const nlmsghdr* message) {
                                     if (const auto flow = wire::parse_flow(message)) flows.push_back(of(*flow));
                                   },
                                   [&] { flows.clear(); });
    return read ? flows : std::vector<Flow>{};
  }

 private:
  static Flow of(const wire::FlowRecord& flow) {
    return {{flow.original.protocol},
            flow.original.source,
            flow.original.destination,
            flow.reply.source,
            flow.reply.destination,
            flow.original.source_port.value_or(0),
            flow.original.destination_port.value_or(0),
            flow.reply.source_port.value_or(0)};
  }
  static void put(wire::NetlinkBatch& batch, const Flow& flow) {
    auto* request = batch.begin(NFNL_SUBSYS_CTNETLINK << 8 | IPCTNL_MSG_CT_NEW, NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL);
    auto* info = static_cast<nfgenmsg*>(mnl_nlmsg_put_extra_header(request, sizeof(nfgenmsg)));
    *info = {};
    info->nfgen_family = flow.client.is_v4() ? AF_INET : AF_INET6;
    tuple(request, CTA_TUPLE_ORIG, flow.protocol, flow.client, flow.sent_to, flow.client_port, flow.sent_to_port);
    tuple(request, CTA_TUPLE_REPLY, flow.protocol, flow.answered_from, flow.answered_to, flow.answered_from_port,
          flow.client_port);
    mnl_attr_put_u32(request, CTA_TIMEOUT, htonl(600));
    if (flow.protocol.number != IPPROTO_TCP) return;
    auto* state = mnl_attr_nest_start(request, CTA_PROTOINFO);
    auto* of_tcp = mnl_attr_nest_start(request, CTA_PROTOINFO_TCP);
    mnl_attr_put_u8(request, CTA_PROTOINFO_TCP_STATE, 3);  // established
    mnl_attr_nest_end(request, of_tcp);
    mnl_attr_nest_end(request, state);
  }
  static void tuple(nlmsghdr* request, std::uint16_t type, ports::L4Protocol protocol, const base::Ip& from,
                    const base::Ip& to, std::uint16_t from_port, std::uint16_t to_port) {
    auto* nest = mnl_attr_nest_start(request, type);
    auto* addresses = mnl_attr_nest_start(request, CTA_TUPLE_IP);
    mnl_attr_put(request, from.is_v4() ? CTA_IP_V4_SRC : CTA_IP_V6_SRC, from.bytes().size(), from.bytes().data());
    mnl_attr_put(request, to.is_v4() ? CTA_IP_V4_DST : CTA_IP_V6_DST, to.bytes().size(), to.bytes().data());
    mnl_attr_nest_end(request, addresses);
    auto* ports = mnl_attr_nest_start(request, CTA_TUPLE_PROTO);
    mnl_attr_put_u8(request, CTA_PROTO_NUM, protocol.number);
    mnl_attr_put_u16(request, CTA_PROTO_SRC_PORT, htons(from_port));
    mnl_attr_put_u16(request, CTA_PROTO_DST_PORT, htons(to_port));
    mnl_attr_nest_end(request, ports);
    mnl_attr_nest_end(request, nest);
  }

  linuxnet::NetlinkSocket socket_;
};

}  // namespace fairlead::support
