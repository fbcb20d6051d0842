#include "adapters/linux/compiled_table.h"

#include <fmt/format.h>
#include <linux/netlink.h>

#include <functional>
#include <optional>

#include "adapters/linux/netlink_socket.h"
#include "adapters/linux/netns.h"
#include "adapters/linux/skeleton.h"
#include "wire/nft_replay.h"
#include "wire/nft_set.h"

namespace fairlead::linuxnet {
namespace {

base::Result<void> read_into(NetlinkSocket& socket, const std::function<void(wire::NetlinkBatch&)>& ask,
                             CompiledTable& out) {
  const auto before = out.size();
  const auto keep = [&](const nlmsghdr* message) {
    const auto* bytes = reinterpret_cast<const std::uint8_t*>(message);
    out.emplace_back(bytes, bytes + message->nlmsg_len);
  };
  return socket.dump(ask, keep, [&] { out.resize(before); });
}

}  // namespace

base::Result<CompiledTable> compile_table(const std::string& table, const std::string& body) {
  auto scratch = scratch_netns();
  if (!scratch) return std::unexpected(scratch.error());
  if (auto made = run_nft(*scratch, fmt::format("table inet {} {{\n{}\n}}\n", table, body)); !made)
    return std::unexpected(made.error());
  std::optional<NetlinkSocket> socket;
  auto opened = inside_netns(*scratch, [&]() -> base::Result<void> {
    auto inside = NetlinkSocket::open(NETLINK_NETFILTER);
    if (!inside) return std::unexpected(inside.error());
    socket.emplace(std::move(*inside));
    return {};
  });
  if (!opened) return std::unexpected(opened.error());
  CompiledTable compiled;
  // Rules speak of sets and chains, which must be there first.
  const auto sets = [&](wire::NetlinkBatch& batch) { wire::put_nft_dump_sets(batch, table); };
  const auto rules = [&](wire::NetlinkBatch& batch) { wire::put_nft_dump_rules(batch, table); };
  for (const auto& ask : {std::function<void(wire::NetlinkBatch&)>(sets),
                          std::function<void(wire::NetlinkBatch&)>(&wire::put_nft_dump_chains),
                          std::function<void(wire::NetlinkBatch&)>(rules)}) {
    if (auto read = read_into(*socket, ask, compiled); !read) return std::unexpected(read.error());
  }
  return compiled;
}

}  // namespace fairlead::linuxnet
